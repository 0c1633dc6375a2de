import { afterAll, beforeAll, expect, it } from "vitest";
import { AuditLog, type Denial } from "./denials";
import type { Deployment } from "../e2e/deployment";

/** Everything computes some 12 times slower on a virtual machine, and the cores are shared. */
export const PATIENCE_MS = 1_200_000;

/** What the life is lived on. */
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
 * The life of a site where SELinux is enforcing, in steps. Each is a test, a line of the table that is
 * printed at the end, and fails on a denial that the deployment answers for.
 */
export class Life {
  private readonly table: Step[] = [];
  private home?: Home;
  private audit?: AuditLog;

  /** @param make makes the host, on which SELinux must be enforcing; it is taken down after the last step */
  constructor(make: () => Promise<Home>) {
    beforeAll(() => this.record("boot", () => this.begin(make)), PATIENCE_MS);
    afterAll(async () => {
      this.print();
      await this.home?.dispose();
    }, PATIENCE_MS);
  }

  /** @param work what is done; what it returns stands in the table */
  step(title: string, work: () => Promise<string>): void {
    it(title, { timeout: PATIENCE_MS }, () =>
      this.record(title, async () => {
        const result = await work();
        expect(await this.denials()).toEqual([]);
        return result;
      }),
    );
  }

  /** A step that SELinux must refuse: what it refused to the site is the work's to look at. */
  refusedStep(title: string, work: (denials: () => Promise<string[]>) => Promise<string>): void {
    it(title, { timeout: PATIENCE_MS }, () =>
      this.record(title, async () => {
        await this.denials();
        return work(() => this.denials());
      }),
    );
  }

  async enforces(): Promise<void> {
    expect(await this.home?.deployment.onHost("getenforce")).toBe("Enforcing");
  }

  private async begin(make: () => Promise<Home>): Promise<string> {
    this.home = await make();
    this.audit = new AuditLog(this.home.deployment);
    await this.enforces();
    // What Debian's own services are refused at boot is nobody's fault here.
    const before = await this.audit.since();
    return `Enforcing; ${before.length} denials of others`;
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
