import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Running index that pip installs from. */
export interface PackageIndex {
  /** For pip's `index-url`. */
  readonly url: string;
  /** For pip's `trusted-host`. */
  readonly trustedHost: string;
  close(): Promise<void>;
}

/**
 * Serves a folder of wheels and source archives as a simple index (PEP 503), so that every
 * contender gets the same packages from the same server, and no network is measured.
 *
 * @param address of this machine, as the hosts reach it
 */
export async function servePackageIndex(folder: string, address: string): Promise<PackageIndex> {
  const files = await readdir(folder);
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("/").filter((part) => part !== "");
    const [kind, name = ""] = path.map((part) => decodeURIComponent(part));
    const project = files.filter((file) => projectOf(file) === name);
    if (kind === "simple" && project.length > 0) {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(projectPage(project));
    } else if (kind === "files" && files.includes(name)) {
      createReadStream(join(folder, name)).pipe(response);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}/simple/`,
    trustedHost: address,
    close: () => close(server),
  };
}

/** Normalized name of the project of a wheel or a source archive. */
export function projectOf(file: string): string {
  const archive = /^(.+)-[^-]+(?:\.tar\.gz|\.zip)$/.exec(file)?.[1];
  const name = archive ?? file.split("-")[0] ?? file;
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

function projectPage(files: readonly string[]): string {
  const links = files.map((file) => `<a href="/files/${encodeURIComponent(file)}">${file}</a><br>`);
  return `<!doctype html>\n<html><body>\n${links.join("\n")}\n</body></html>\n`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
