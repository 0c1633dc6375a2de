import { join } from "node:path";
import { BroadcastChannel } from "node:worker_threads";
import { TestStatus } from "@stryker-mutator/api/test-runner";
import { type File, startTests, type Test } from "@vitest/runner";
import { getSuites, getTestName, getTests } from "@vitest/runner/utils";
import { TestRunner } from "vitest";
import { testsOfRun } from "./rooms";

/** What `residentPlugin.mjs` asks for. */
interface Order {
  /** Tests by the names that this file gives them. @default all */
  tests?: readonly string[];
  /** @default none: the tests have to pass, and what they reach is noted */
  mutant?: { id: string; isStatic: boolean; hitLimit: number | undefined };
  /** Name of the global in which the room's code, as Stryker wrote it, looks for the mutant. */
  namespace: string;
}

/** What that code reads and writes there. */
interface Switch {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: object;
  hitCount?: number;
  hitLimit?: number | undefined;
}

/** What TestRunner has and does not declare for others. */
interface Inside {
  moduleRunner: unknown;
  _otel: unknown;
  workerState: { evaluatedModules: Modules };
}

interface Modules {
  idToModuleMap: ReadonlyMap<string, object>;
  getModuleById(id: string): object | undefined;
  invalidateModule(module: object): void;
}

/** Vitest's runner for one file of tests, behind which it follows orders until there are no more. */
export default class Resident extends TestRunner {
  // Vitest waits for it, though the class says less than its interface.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async onAfterRunFiles(): Promise<void> {
    super.onAfterRunFiles();
    const channel = new BroadcastChannel("mutants");
    await new Promise<void>((resolve) => {
      channel.onmessage = (message) => {
        const { data } = message as { data: Order | "end" };
        if (data === "end") resolve();
        else {
          void follow(this, data).then((answer) => {
            channel.postMessage(answer);
          });
        }
      };
      channel.postMessage("ready");
    });
    channel.close();
  }
}

async function follow(resident: Resident, { tests, mutant, namespace }: Order) {
  const globals = globalThis as unknown as Record<string, Switch>;
  const state = (globals[namespace] ??= {});
  state.hitCount = 0;
  state.hitLimit = mutant?.hitLimit;
  const runner = new OrderRunner(resident, state, mutant?.id);
  if (mutant?.isStatic === true) {
    runner.forgetModules();
    state.activeMutant = mutant.id;
  }
  const files = await startTests(tests === undefined ? all() : chosen(tests), runner);
  state.activeMutant = undefined;
  if (mutant?.isStatic === true) runner.forgetModules();
  return { tests: files.flatMap(resultsOf), hits: state.hitCount, coverage: state.mutantCoverage };
}

/** Runs tests once. With a mutant it ends with the first that notices it. */
class OrderRunner extends TestRunner {
  private readonly modules: Modules;

  constructor(
    resident: Resident,
    private readonly state: Switch,
    private readonly mutant: string | undefined,
  ) {
    super(resident.config);
    const inside = this as unknown as Inside;
    const { moduleRunner, _otel } = resident as unknown as Inside;
    Object.assign(inside, { moduleRunner, _otel });
    this.modules = inside.workerState.evaluatedModules;
  }

  /** Has everything of this repository imported again. */
  forgetModules(): void {
    for (const module of this.modules.idToModuleMap.values()) this.modules.invalidateModule(module);
  }

  override importFile(filepath: string, source: "collect" | "setup") {
    const module = this.modules.getModuleById(filepath);
    if (module !== undefined) this.modules.invalidateModule(module);
    return super.importFile(filepath, source);
  }

  onBeforeRunFiles(): void {
    this.state.activeMutant = this.mutant;
  }

  override onBeforeTryTask(test: Test): void {
    super.onBeforeTryTask(test);
    this.state.currentTestId = idOf(test);
  }

  override onAfterTryTask(test: Test): void {
    this.state.currentTestId = undefined;
    super.onAfterTryTask(test);
  }

  override onAfterRunTask(test: Test): void {
    super.onAfterRunTask(test);
    if (this.mutant !== undefined && test.result?.state === "fail") this.cancel("test-failure");
  }
}

const idOf = (test: Test): string => `${test.file.filepath}#${getTestName(test, " ")}`;

const all = (): string[] => testsOfRun().map((file) => join(process.cwd(), file));

function chosen(tests: readonly string[]) {
  const names = new Map<string, string[]>();
  for (const test of tests) {
    const [file = "", ...name] = test.split("#");
    names.set(file, [...(names.get(file) ?? []), literally(name.join("#"))]);
  }
  return [...names].map(([filepath, patterns]) => ({
    filepath,
    testLocations: undefined,
    testNamePattern: new RegExp(`^(?:${patterns.join("|")})$`),
  }));
}

/** Not host/manifest's own: that is mutated here. */
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function resultsOf(file: File) {
  const results = getTests(file)
    .filter(({ mode, result }) => mode !== "skip" && result)
    .map((test) => ({
      id: idOf(test),
      name: getTestName(test, " "),
      fileName: file.filepath,
      status: test.result?.state === "fail" ? TestStatus.Failed : TestStatus.Success,
      failureMessage: test.result?.errors?.[0]?.message ?? "",
      timeSpentMs: test.result?.duration ?? 0,
    }));
  // Such as a file that can't be imported, or a hook that fails.
  const [error] = [file, ...getSuites(file)].flatMap(({ result }) => result?.errors ?? []);
  if (error === undefined) return results;
  const { message } = error;
  const failed = { status: TestStatus.Failed, failureMessage: message, timeSpentMs: 0 };
  return [...results, { id: `${file.filepath}#`, name: "", fileName: file.filepath, ...failed }];
}
