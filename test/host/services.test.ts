import { rmSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { type EnterpriseLinux, manifest, PrivateRoot } from "./privateRoot";

let host: PrivateRoot;
afterEach(() => {
  host.remove();
});

const text = manifest("site", "none", "service postgres");
const unit = "/services/postgres";

/** A host with a service whose unit file is in a state, in systemd's word for it. */
function hostWith(el: EnterpriseLinux, state: string): void {
  host = new PrivateRoot({ el });
  host.write(`${unit}/state`, `${state}\n`);
}

/** An init script, for which systemd makes a unit. */
function hostWithScript(el: EnterpriseLinux): void {
  hostWith(el, el === 7 ? "bad" : "generated");
  host.write("/etc/init.d/postgres", "#!/bin/sh\n# chkconfig: 345 80 20\n", 0o755);
  host.write("/usr/lib/systemd/systemd-sysv-install", "", 0o755);
}

describe("a service, in the words that systemd has for its unit file,", () => {
  it.each(["disabled", "enabled-runtime", "linked", "linked-runtime"])(
    "%s: is enabled for good",
    async (state) => {
      hostWith(9, state);
      if (state === "disabled") rmSync(host.at(`${unit}/state`));
      const run = await host.apply(text);
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout).toBe(
        "changed service postgres (disabled stopped -> enabled running)\napplied site: 1 change\n",
      );
      expect(host.exists(`${unit}/enabled`)).toBe(true);
      expect((await host.apply(text)).stdout).toBe("applied site: unchanged\n");
    },
  );

  it.each(["static", "indirect", "alias", "generated"])(
    "%s: is started, with a note that it can't be enabled",
    async (state) => {
      hostWith(9, state);
      const note = `note: the service postgres can't be enabled (systemd calls its unit file ${state}): make sure that something else starts it at boot\n`;
      const run = await host.apply(text);
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout).toContain(note);
      expect(host.exists(`${unit}/running`)).toBe(true);
      expect((await host.apply(text)).stdout).toBe(`${note}applied site: unchanged\n`);
      expect((await host.run(["probe"])).stdout).toMatch(/^ok site\n/);
      expect(await host.removeResource("site")).toMatchObject({ code: 0, stderr: "" });
      expect(host.exists(`${unit}/running`)).toBe(false);
    },
  );

  it.each([
    ["masked", 7],
    ["masked", 9],
    ["masked-runtime", 10],
  ] as const)("%s: is an error with its fix (Enterprise Linux %i)", async (state, el) => {
    hostWith(el, state);
    const run = await host.apply(text);
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(
      /^the service postgres is masked on this host.*run: systemctl unmask postgres; then/,
    );
    expect(host.exists(`${unit}/running`)).toBe(false);
  });

  it("masked: is named in the preview when it is nginx", async () => {
    host = new PrivateRoot();
    host.write("/services/nginx/state", "masked\n");
    expect((await host.run(["survey"])).stdout).toMatch(/^obstacle\tmasked\tnginx$/m);
  });

  it("transient: systemd says why it can't be enabled", async () => {
    hostWith(9, "transient");
    expect((await host.apply(text)).reason).toMatch(
      /^can't enable the service postgres: .*is transient or generated/,
    );
  });
});

describe("a SysV service, where systemd does not run", () => {
  it("whose daemon died is started again, and one without a script is reported", async () => {
    host = new PrivateRoot({ el: 6 });
    rmSync(host.at("/run/systemd"), { recursive: true, force: true });
    host.write("/etc/init.d/postgres", "#!/bin/sh\n", 0o755);
    host.write(`${unit}/dead`, "");
    const run = await host.apply(text);
    expect(run.stdout).toContain("(disabled stopped -> enabled running)\n");
    expect((await host.apply(text)).stdout).toBe("applied site: unchanged\n");
    const other = await host.apply(manifest("other", "none", "service none-such"));
    expect(other.reason).toMatch(/^there is no service none-such/);
  });
});

describe("a service made by an init script, under systemd", () => {
  it.each([7, 8, 9, 10] as const)(
    "is enabled through chkconfig, and stays so (Enterprise Linux %i)",
    async (el) => {
      hostWithScript(el);
      const run = await host.apply(text);
      expect(run).toMatchObject({ code: 0, stderr: "" });
      expect(run.stdout).toContain("(disabled stopped -> enabled running)\n");
      expect((await host.apply(text)).stdout).toBe("applied site: unchanged\n");
      expect((await host.run(["probe"])).stdout).toMatch(/^ok site\n/);
      expect(await host.removeResource("site")).toMatchObject({ code: 0, stderr: "" });
      expect(host.exists(`${unit}/enabled`)).toBe(false);
    },
  );

  it("whose daemon died is found stopped, and started again", async () => {
    hostWithScript(8);
    await host.apply(text);
    host.write(`${unit}/exited`, "");
    expect((await host.run(["probe"])).stdout).toContain(
      '\tservice postgres\tis "enabled stopped", not "enabled running"\n',
    );
    const run = await host.apply(text, { repair: 1 });
    expect(run.stdout).toContain("(enabled stopped -> enabled running)\n");
    expect(host.exists(`${unit}/exited`)).toBe(false);
  });

  it("is reported with the package that enables it, where that is missing", async () => {
    hostWithScript(9);
    rmSync(host.at("/usr/lib/systemd/systemd-sysv-install"));
    const run = await host.apply(text);
    expect(run.code).toBe(1);
    expect(run.reason).toMatch(
      /^can't enable the service postgres: .*add chkconfig to SystemPackages\.extraPackages/,
    );
  });
});
