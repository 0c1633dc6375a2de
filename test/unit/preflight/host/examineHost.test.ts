import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, it } from "vitest";
import type { HostFacts } from "../../../../host/facts";
import { examineHost } from "../../../../preflight/library";
import { hostKey, login, server } from "../preflightBench";
import { connectionTo } from "../preflightServer";

const asked: string[] = [];

/** What a program of one's own is told of a host that reports this. */
async function examine(report: string): Promise<HostFacts | undefined> {
  const host = await server({
    answer: (command) => {
      if (!command.includes(" look ")) return undefined;
      asked.push(command);
      return { stdout: `${report}\npreflight complete\n` };
    },
  });
  return examineHost(connectionTo(host, hostKey, login), {
    survey: { listenPort: 80, defaultServer: true, serverNames: ["docs.example.org"], paths: [] },
  });
}

function inPreview(preview: boolean): void {
  const newResource = ({ name }: { name: string }) => ({ id: name, state: {} });
  void pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "docs", "test", preview);
}
afterEach(() => {
  inPreview(false);
});

it("asks about no user for a program without one", async () => {
  await examine("fact init systemd");
  expect(asked.at(-1)).toContain("listen=80");
  expect(asked.at(-1)).not.toContain("user=");
});

it("refuses an up that the host reports a problem for, names the argument, and lets a preview go on", async () => {
  const report = "obstacle\tfailure\tanother serves port 80: set NginxSite.listenPort";
  inPreview(true);
  await expect(examine(report)).resolves.toBeDefined();
  inPreview(false);
  await expect(examine(report)).rejects.toThrow("set NginxSite.listenPort");
});
