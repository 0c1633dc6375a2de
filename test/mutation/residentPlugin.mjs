import { BroadcastChannel } from "node:worker_threads";
import { INSTRUMENTER_CONSTANTS } from "@stryker-mutator/api/core";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  determineHitLimitReached,
  DryRunStatus,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { createVitest } from "vitest/node";

/**
 * Runs tests for Stryker in a worker of vitest that stays, in which `resident.ts` waits for orders: it imports the
 * room, its tests and Pulumi's SDK once for all mutants. Stryker's own runner does that for each mutant, and with
 * vitest 4.1 it does not learn which tests reach a mutant, so that it runs all of them.
 *
 * What a mutant left behind (a cached text, say) must not kill the next one: after each that was noticed, the same
 * test has to pass without it. Otherwise the mutant is tried once more, in a worker that is new.
 */
class ResidentTestRunner {
  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun() {
    const { tests, coverage } = await this.ask({});
    return { status: DryRunStatus.Complete, tests, mutantCoverage: coverage };
  }

  async mutantRun(options) {
    const result = await this.try(options);
    if (result.status !== MutantRunStatus.Killed) return result;
    const { tests } = await this.ask({ tests: result.killedBy });
    if (tests.every(({ status }) => status === TestStatus.Success)) return result;
    await this.dispose();
    const again = await this.try(options);
    await this.dispose();
    return again;
  }

  async try({ activeMutant: { id }, mutantActivation, testFilter, hitLimit }) {
    const mutant = { id, isStatic: mutantActivation === "static", hitLimit };
    const { tests, hits } = await this.ask({ tests: testFilter, mutant });
    return toMutantRunResult(
      determineHitLimitReached(hits, hitLimit) ?? { status: DryRunStatus.Complete, tests },
    );
  }

  async ask(order) {
    this.worker ??= await this.engage();
    const answer = new Promise((resolve) => {
      this.channel.onmessage = ({ data }) => resolve(data);
    });
    this.channel.postMessage({ ...order, namespace: INSTRUMENTER_CONSTANTS.NAMESPACE });
    return answer;
  }

  async engage() {
    const config = "test/mutation/vitest.config.ts";
    const worker = await createVitest("test", { config, watch: false });
    this.channel = new BroadcastChannel("mutants");
    const ready = new Promise((resolve) => {
      this.channel.onmessage = resolve;
    });
    void worker.start();
    await ready;
    return worker;
  }

  async dispose() {
    this.channel?.postMessage("end");
    this.channel?.close();
    await this.worker?.close();
    this.worker = undefined;
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, "resident", ResidentTestRunner),
];
