import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureBase } from "../lab/base";
import { down, exec, type LabHost, up } from "../lab/host";
import type { OnProgress } from "../toolchain/progress";
import { cacheFolder } from "../toolchain/cacheFolder";
import { makeOnce } from "../toolchain/once";
import { uwsgiVersion } from "./site";
import { sshOptions } from "./ssh";

/** Packages besides the application's requirements. psycopg2 has the newest version at the time of the download. */
const PACKAGES = [`uwsgi==${uwsgiVersion}`, "psycopg2"];
/** Packages that each contender compiles on its host: none gets a wheel. */
const FROM_SOURCE = "uwsgi,psycopg2";
/** Packages that pip needs to build those two. */
const BUILD_PACKAGES = ["setuptools", "wheel"];
const HOST = "wheelhouse";

/**
 * Folder of the cache with every package that a contender's pip needs: downloaded once, by a
 * lab host, so that they fit the Python of the host image.
 *
 * @param requirements path of the application's requirements.txt
 * @param options.folder for temporary files
 */
export async function ensureWheelhouse(
  requirements: string,
  options: { folder: string; onProgress: OnProgress; signal: AbortSignal },
): Promise<string> {
  const text = await readFile(requirements, "utf8");
  const base = await ensureBase(options);
  const digest = createHash("sha256")
    .update(JSON.stringify([text, PACKAGES, BUILD_PACKAGES, FROM_SOURCE, base]))
    .digest("hex");
  const folder = join(cacheFolder(), "wheelhouse", digest.slice(0, 16));
  await makeOnce(folder, options.onProgress, async (unfinished) => {
    options.onProgress("downloading Python packages");
    await mkdir(unfinished);
    try {
      const host = await up(HOST, options);
      await download(host, text);
      const login = await sshOptions(host, options.folder);
      const from = `root@${host.address}:/root/wheelhouse/*`;
      await execa("scp", ["-q", ...login, from, unfinished], { cancelSignal: options.signal });
    } finally {
      await down(HOST);
    }
  });
  return folder;
}

async function download(host: LabHost, requirements: string): Promise<void> {
  // pip runs a source archive's setup to find what it needs, and psycopg2's needs PostgreSQL's headers.
  const script = `
    set -e
    dnf -y -q install python3-pip python3-devel gcc make libpq-devel
    cat >/root/requirements.txt
    python3 -m pip download --quiet --dest /root/wheelhouse --no-binary ${FROM_SOURCE} \
      --requirement /root/requirements.txt ${[...PACKAGES, ...BUILD_PACKAGES].join(" ")}
  `;
  const { exitCode, stderr } = await exec(host, script, {
    input: requirements,
    timeoutMs: 600_000,
  });
  if (exitCode !== 0) {
    throw new Error(
      `the lab host could not download the Python packages; check that this machine reaches a Python package index: ${stderr.trim()}`,
    );
  }
}
