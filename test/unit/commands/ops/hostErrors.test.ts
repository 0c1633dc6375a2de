import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { hostErrors } from "../../../../commands/ops/hostErrors";

it("tells at once for whom the host waits, and keeps the reason of a failure apart", async () => {
  const told = vi.spyOn(console, "error").mockReturnValue();
  try {
    const stderr = new PassThrough();
    const reason = hostErrors({ stderr });
    stderr.write("waiting: uwsgi is locked by pid 4711 (apply tracks.dev/app)\n");
    await vi.waitFor(() => {
      expect(told.mock.calls).toEqual([
        ["waiting: uwsgi is locked by pid 4711 (apply tracks.dev/app)"],
      ]);
    });
    stderr.end("nginx: [emerg] bind() failed\nset Nginx.openPorts\n");
    expect(await reason).toBe("nginx: [emerg] bind() failed\nset tracks:openFirewall");
    expect(told).toHaveBeenCalledTimes(1);
  } finally {
    told.mockRestore();
  }
});
