import { afterAll, beforeAll, expect, it } from "vitest";
import { AuditLog, type Denial } from "./denials";
import type { Deployment } from "../e2e/deployment";

/** Time limit: everything is some 12 times slower on a virtual machine, and the cores are shared. */
export const PATIENCE_MS = 1_200_000;

/** Host of a life. */
interface Home {
  readonly deployment: Deployment;
  dispose(): Promise<void>;
}

interface Step {
  readonly step: string;
  result: string;
  seconds: number;
}

/**
 * Life of a site where SELinux is enforcing, in steps. Each step is a test and a line of the table that is
 * printed at the end, and fails on a denial for which the deployment is responsible.
 */
export class Life {
  private readonly table: Step[] = [];
  private home?: Home;
  private audit?: AuditLog;

  /** @param make creates the host, on which SELinux must be enforcing; it is removed after the last step */
  constructor(make: () => Promise<Home>) {
    beforeAll(() => this.record("boot", () => this.begin(make)), PATIENCE_MS);
    afterAll(async () => {
      this.print();
      await this.home?.dispose();
    }, PATIENCE_MS);
  }

  /** @param work of the step; its result is shown in the table */
  step(title: string, work: () => Promise<string>): void {
    it(title, { timeout: PATIENCE_MS }, () =>
      this.record(title, async () => {
        const result = await work();
        expect(await this.denials()).toEqual([]);
        return result;
      }),
    );
  }

  /**
   * A step in which SELinux must refuse the site something, and nothing else.
   *
   * @param refusals texts in the lines of the audit log: each must be there, and each line must have one
   */
  refusedStep(title: string, refusals: readonly RegExp[], work: () => Promise<string>): void {
    it(title, { timeout: PATIENCE_MS }, () =>
      this.record(title, async () => {
        expect(await this.denials()).toEqual([]);
        const result = await work();
        const denials = await this.denials();
        const isDenied = (refusal: RegExp) => denials.some((line) => refusal.test(line));
        const isMeant = (line: string) => refusals.some((refusal) => refusal.test(line));
        expect(refusals.filter((refusal) => !isDenied(refusal))).toEqual([]);
        expect(denials.filter((line) => !isMeant(line))).toEqual([]);
        return result;
      }),
    );
  }

  /** The last step: nothing was refused since the one before, and SELinux is still enforcing. */
  end(): void {
    this.step("is refused nothing more", async () => {
      await this.enforces();
      return "Enforcing";
    });
  }

  async enforces(): Promise<void> {
    expect(await this.home?.deployment.onHost("getenforce")).toBe("Enforcing");
  }

  private async begin(make: () => Promise<Home>): Promise<string> {
    this.home = await make();
    this.audit = new AuditLog(this.home.deployment);
    await this.audit.tellPaths();
    await this.enforces();
    // Denials of Debian's own services at boot don't count.
    return `Enforcing; ${await this.audit.skip()} denials of others`;
  }

  private print(): void {
    const rows = this.table.map(
      ({ step, result, seconds }) => `| ${step} | ${result} | ${seconds.toFixed(0)} |`,
    );
    console.log(["| step | result | seconds |", "| --- | --- | ---: |", ...rows].join("\n"));
  }

  private async denials(): Promise<string[]> {
    const found: readonly Denial[] = (await this.audit?.since()) ?? [];
    return found.filter(({ ours }) => ours).map(({ line }) => line);
  }

  private async record(step: string, work: () => Promise<string>): Promise<void> {
    const start = performance.now();
    const row: Step = { step, result: "failed", seconds: 0 };
    this.table.push(row);
    try {
      row.result = await work();
    } finally {
      row.seconds = (performance.now() - start) / 1000;
    }
  }
}
