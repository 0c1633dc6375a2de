import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeKey, readPublicKey } from "../../dev/lab/keys";
import { Deployment } from "./deployment";
import { count, diagnostics, expectRefusal } from "./diagnostics";

/** The way to the host, against a real sshd and sudo: what stands in it, and logins other than root. */
describe("the way to the host", () => {
  let deployment: Deployment;
  let strangersKey: string;
  const cleanUp: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    deployment = await Deployment.create("connection", { program: "test/e2e/programs/site.ts" });
    await deployment.set("serverNames", '["old.example.org"]');
    strangersKey = join(deployment.folder, "stranger");
    await makeKey("ed25519", strangersKey, "stranger");
  });
  afterEach(async () => {
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  });
  afterAll(() => deployment.dispose());

  /** Sets it until the test ends. */
  const setForNow = async (key: string, value: string, ...flags: string[]): Promise<void> => {
    await deployment.set(key, value, ...flags);
    cleanUp.push(() => deployment.unset(key));
  };
  const onHostForNow = async (command: string, undo: string): Promise<void> => {
    cleanUp.push(() => deployment.onHost(undo));
    await deployment.onHost(command);
  };
  const refusesWith = (message: string) => expectRefusal(deployment, message);

  it("fails at a host key other than the pinned one", async () => {
    await setForNow("hostKey", await readPublicKey(strangersKey));
    await refusesWith("has another host key than the pinned one");
  });

  it("fails at a key that the host doesn't accept", async () => {
    await setForNow("privateKeyFile", strangersKey);
    await refusesWith("given:   the key SHA256:");
  });

  it("fails at a wrong sudo password, and doesn't show it", async () => {
    await setForNow("hostUser", "operator");
    await setForNow("sudoPassword", "not-the-password", "--secret");
    expect(
      await refusesWith("sudo refuses the password of operator, which it was given once"),
    ).not.toContain("not-the-password");
  });

  it("fails where sudo wants a terminal", async () => {
    await onHostForNow(
      "echo 'Defaults:operator requiretty' >/etc/sudoers.d/zz-terminal",
      "rm /etc/sudoers.d/zz-terminal",
    );
    await setForNow("hostUser", "operator");
    await refusesWith("sudo refuses operator without a terminal");
  });

  it.each<[what: string, command: string, undo: string]>([
    ["no sshd listens", "systemctl stop sshd", "systemctl start sshd"],
    [
      "nothing answers",
      "kill -STOP $(systemctl show -p MainPID --value sshd)",
      "kill -CONT $(systemctl show -p MainPID --value sshd)",
    ],
  ])("previews with a warning, and fails in up, where %s", async (_, command, undo) => {
    const reason = "can't be reached\n";
    await onHostForNow(command, undo);
    // At once, since either may have to wait until it gives up.
    const [preview, printed] = await Promise.all([
      deployment.succeed("preview"),
      deployment.upFails(),
    ]);
    expect(count(diagnostics(preview), reason), preview).toBe(1);
    expect(preview).toContain("This preview knows nothing of the host:");
    expect(preview).not.toContain("error: ");
    expect(count(diagnostics(printed), reason), printed).toBe(1);
    expect(count(diagnostics(printed), "error: "), printed).toBe(1);
  });

  it("deploys as a user whose sudo asks for a password, and shows changed lines but no password", async () => {
    const { password } = deployment.host.users.sudoer;
    await setForNow("hostUser", "operator");
    const first = await deployment.up();
    expect((await deployment.get("/robots.txt")).status).toBe(200);
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);

    await deployment.set("serverNames", '["new.example.org"]');
    const preview = await deployment.succeed("preview", "--diff");
    expect(preview).toMatch(/stdin\s*: \[secret\]/);
    expect(preview).toMatch(/^\s*- .*server_name old\.example\.org;/m);
    expect(preview).toMatch(/^\s*\+ .*server_name new\.example\.org;/m);
    const second = await deployment.up();
    expect(await deployment.onHost("cat /etc/nginx/sites-enabled/tracks")).toContain(
      "new.example.org",
    );

    for (const text of [first, preview, second, await deployment.state()]) {
      expect(text).not.toContain(password);
    }
    const kept = await deployment.onHost(
      `grep -rlFs '${password}' /etc /var /home /root /tmp /run /usr/local || true`,
    );
    expect(kept).toBe("");
  });

  it("deploys as a user whose sudo asks for none, whose shell prints, one session at a time", async () => {
    const sshd = "/etc/ssh/sshd_config.d/10-sessions.conf";
    await onHostForNow(
      `echo 'MaxSessions 1' >${sshd} && systemctl reload sshd`,
      `rm ${sshd} && systemctl reload sshd`,
    );
    await onHostForNow(
      "cp -p /home/admin/.bashrc /root/ 2>/dev/null; echo 'echo Welcome; echo sudo: not found >&2' >>/home/admin/.bashrc",
      "rm /home/admin/.bashrc; cp -p /root/.bashrc /home/admin/ 2>/dev/null || true",
    );
    await setForNow("hostUser", "admin");
    await deployment.set("serverNames", '["admin.example.org"]');
    await deployment.up();
    expect(await deployment.onHost("cat /etc/nginx/sites-enabled/tracks")).toContain(
      "admin.example.org",
    );
    expect(await deployment.up()).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    const state = await deployment.state();
    expect(state).toContain("sudo -n ");
    expect(state).not.toContain("sudo -k -S");
  });
});
