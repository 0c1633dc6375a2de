import { setTimeout as sleep } from "node:timers/promises";
import { exec } from "../lab/host";
import type { OnProgress } from "../toolchain/progress";
import { askDuring, askSite, withoutVersions } from "./answers";
import type { CommandRun } from "./command";
import type { Contender } from "./contenders/contender";
import { type ContenderResult, formatSeconds, type StepId, steps } from "./measurement";
import { writeBrokenRelease, writeFirstRelease, writeRelease } from "./releases";
import { type Site, siteAddress } from "./site";

const FIRST_MEGABYTES = 32;
/** Number of requests with which each of the service's workers answers several times. */
const TIMES_ASKED = 160;
/** Time for a reload that may go on after the command has ended. */
const SETTLE_MS = 3_000;

export interface MeasureOptions {
  /** Number of runs of every step except the first deploy and the failing update. */
  readonly runs: number;
  readonly onProgress: OnProgress;
}

/**
 * Takes one contender through all steps on its fresh host.
 *
 * @throws when a step fails that must succeed, with the last lines that the contender printed
 */
export async function measure(
  contender: Contender,
  site: Site,
  { runs, onProgress }: MeasureOptions,
): Promise<ContenderResult> {
  const seconds: Partial<Record<StepId, number[]>> = {};
  const address = siteAddress(site.host);
  const record = (step: StepId, run: CommandRun): void => {
    (seconds[step] ??= []).push(run.seconds);
    const title = steps.find(({ id }) => id === step)?.title ?? step;
    onProgress(`${contender.title}: ${title}: ${formatSeconds(run.seconds)}`);
  };
  const succeed = (step: StepId, run: CommandRun): void => {
    if (run.exitCode !== 0) throw new Error(failure(contender, step, run));
    record(step, run);
  };

  await contender.prepare();
  await writeFirstRelease(site.source);
  await contender.configure({ clientMaxBodySizeMegabytes: FIRST_MEGABYTES });
  succeed("deploy", await contender.apply());
  const first = await askSite(address, TIMES_ASKED);
  if (first["version 1.0.0"] !== TIMES_ASKED) {
    throw new Error(`${contender.title}: the site answers ${JSON.stringify(first)}`);
  }

  for (let run = 0; run < runs && contender.preview !== undefined; run++) {
    succeed("preview", await contender.preview());
  }
  for (let run = 0; run < runs; run++) succeed("noop", await contender.apply());
  for (let run = 1; run <= runs; run++) {
    await contender.configure({ clientMaxBodySizeMegabytes: FIRST_MEGABYTES + run });
    succeed("change", await contender.apply());
  }

  const duringUpdate: Record<string, number> = {};
  for (let run = 1; run <= runs; run++) {
    await writeRelease(site.source, `1.${run}.0`);
    const update = await askDuring(address, duringUpdate, async () => {
      const applied = await contender.apply();
      await sleep(SETTLE_MS);
      return applied;
    });
    succeed("update", update);
  }

  await writeBrokenRelease(site.source, "2.0.0");
  const broken = await contender.apply();
  record("failingUpdate", broken);
  await sleep(SETTLE_MS);
  const afterFailure = await askSite(address, TIMES_ASKED);
  await exec(site.host, "systemctl restart uwsgi");
  await sleep(SETTLE_MS);
  const afterRestart = await askSite(address, TIMES_ASKED);
  return {
    title: contender.title,
    seconds,
    answers: { duringUpdate: withoutVersions(duringUpdate), afterFailure, afterRestart },
    failureReported: broken.exitCode !== 0,
  };
}

function failure({ title }: Contender, step: StepId, { exitCode, output }: CommandRun): string {
  const last = output.trimEnd().split("\n").slice(-15).join("\n");
  return `${title}: the step ${step} exited ${exitCode}; its last lines:\n${last}`;
}
