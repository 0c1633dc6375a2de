import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { exec } from "../../dev/lab/host";
import { rotateByService } from "../e2e/rotation";
import type { SampleSite } from "../e2e/sampleSite";
import { TraitBench } from "./bench";
import type { Trait } from "./trait";

/** Outcome of one host with some traits. */
export interface Outcome {
  readonly traits: readonly string[];
  /** Failed steps; none when the host was deployed, used and destroyed like a bare one. */
  readonly failures: readonly Failure[];
  readonly seconds: number;
}

/** Failed step, such as `deployment` or `static file`, and its reason. */
export interface Failure {
  readonly step: string;
  readonly reason: string;
}

type Step = readonly [step: string, run: () => Promise<unknown>];

/**
 * Deploys the sample application with production's settings to a fresh host with these traits, uses it from
 * outside, and destroys it.
 *
 * @param name of stack and host, unique among those that run
 * @param options.program folder of the checkout to deploy; default this one
 */
export async function tryTraits(
  name: string,
  traits: readonly Trait[],
  options: { program?: string } = {},
): Promise<Outcome> {
  const start = Date.now();
  const failures: Failure[] = [];
  const attempt = async ([step, run]: Step): Promise<void> => {
    await run().catch((error: unknown) => {
      failures.push({ step, reason: reasonOf(error) });
    });
  };
  let bench: TraitBench | undefined;
  try {
    const made = (bench = await TraitBench.create(name, traits, options.program));
    const before: Looks = new Map();
    const deployment: Step[] = [
      ...traits.map((trait): Step => [`setting ${trait.name}`, () => set(made, trait)]),
      ...traits.map((trait): Step => [`${trait.name} in force`, () => show(made, trait)]),
      ["refusal", () => refuse(made, traits)],
      ["state before", () => remember(made, traits, before)],
      ["deployment", () => made.site.up()],
    ];
    const use: Step[] = [
      ...visits(made),
      ...traits.map(({ name, check }): Step => [`check of ${name}`, async () => check?.(made)]),
      ...traits.map((trait): Step => [
        `${trait.name} kept`,
        () => compare(made, before, trait.kept),
      ]),
      ["second preview", () => made.site.pulumi("preview", "--expect-no-changes")],
      ["destroy", () => made.site.pulumi("destroy", "--yes", "--run-program")],
      ...traits.map((trait): Step => [
        `${trait.name} as before`,
        () => compare(made, before, trait.kept, trait.unchanged),
      ]),
    ];
    // After a failure of one of the first steps the others mean nothing; each later one has a meaning by itself.
    for (const step of deployment) if (failures.length === 0) await attempt(step);
    if (failures.length === 0) for (const step of use) await attempt(step);
  } catch (error) {
    failures.push({ step: "lab", reason: String(error) });
  }
  await attempt(["taking down", async () => bench?.dispose()]);
  const seconds = Math.round((Date.now() - start) / 1000);
  return { traits: traits.map((trait) => trait.name), failures, seconds };
}

/** The end of pulumi's output, which has the reasons. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [, listed = text] = /^Diagnostics:\n([^]*?)^(?:Outputs|Resources):/m.exec(text) ?? [];
  return listed.trim();
}

async function set(bench: TraitBench, { set }: Trait): Promise<void> {
  if (typeof set === "string") await bench.onHost(set);
  else await set?.(bench);
}

async function show(bench: TraitBench, { shown }: Trait): Promise<void> {
  const printed = await ("command" in shown
    ? bench.onHost(shown.command)
    : lastLine(bench.login(shown.login)));
  if (typeof shown.prints === "string") assert.equal(printed.trim(), shown.prints);
  else assert.match(printed.trim(), shown.prints);
}

/** Output of a command of a login, without what the login itself prints before it. */
async function lastLine(printing: Promise<string>): Promise<string> {
  return (await printing).trim().split("\n").at(-1) ?? "";
}

/** Expects each promised refusal in a preview, and applies its fix. */
async function refuse(bench: TraitBench, traits: readonly Trait[]): Promise<void> {
  const waiting = traits.flatMap(({ refused }) => refused ?? []);
  while (waiting.length > 0) {
    const { exitCode, text } = await bench.site.deployment.pulumi("preview");
    const said = waiting.findIndex(({ says }) => says.test(text));
    const refused = exitCode !== 0 || text.includes("up will be refused");
    assert.ok(refused && said >= 0, `the preview does not refuse as promised:\n${text}`);
    for (const { wayOut } of waiting.splice(said, 1)) await bench.onHost(wayOut);
  }
}

/** Output of commands before the deployment. */
type Looks = Map<string, string>;

async function remember(bench: TraitBench, traits: readonly Trait[], before: Looks): Promise<void> {
  for (const command of traits.flatMap(({ kept, unchanged }) =>
    [kept ?? [], unchanged ?? []].flat(),
  )) {
    before.set(command, await bench.onHost(command));
  }
}

async function compare(
  bench: TraitBench,
  before: Looks,
  ...commands: readonly (string | undefined)[]
): Promise<void> {
  for (const command of commands) {
    if (command !== undefined) assert.equal(await bench.onHost(command), before.get(command));
  }
}

/** What a visitor does, and the next night's log rotation. */
function visits({ site }: TraitBench): Step[] {
  return [
    ["page", () => page(site)],
    ["static file", () => staticFile(site)],
    ["redirect", () => redirect(site)],
    ["robots.txt", () => robots(site)],
    ["upload", () => upload(site)],
    ["rotation", () => rotation(site)],
  ];
}

async function page(site: SampleSite): Promise<void> {
  const health = await site.ask("/healthz/");
  assert.equal(health.body, '{"status": "ok", "version": "1.0.0", "targets": 14}');
  const { status, body } = await site.ask("/");
  assert.equal(status, 200);
  assert.match(body, /redirect\.target\.example\.org/);
}

async function staticFile(site: SampleSite): Promise<void> {
  const { status, headers } = await site.ask("/static/roasted/tracks.css");
  assert.equal(status, 200);
  assert.match(headers["content-type"] ?? "", /^text\/css/);
  assert.equal(headers["x-tracks-release"], undefined, "the application served it");
}

async function redirect(site: SampleSite): Promise<void> {
  const { status, headers } = await site.ask("/about");
  assert.equal(status, 301);
  assert.match(headers.location ?? "", /\/about\/$/);
}

async function robots(site: SampleSite): Promise<void> {
  assert.equal((await site.ask("/robots.txt")).body, "User-agent: *\nDisallow: /\n");
}

async function upload(site: SampleSite): Promise<void> {
  const path = await site.upload("Größe.txt", "a precious file");
  const { status, body, headers } = await site.ask(path);
  assert.deepEqual([status, body], [200, "a precious file"]);
  assert.equal(headers["x-tracks-release"], undefined, "the application served it");
}

/** Rotates logs through the service that does it at night; both logs must continue in a new file. */
async function rotation(site: SampleSite): Promise<void> {
  await rotateByService(site.deployment);
  for (const log of ["/etc/nginx/logs/domains/tracks/log/access.log", "/var/log/uwsgi.log"]) {
    await site.deployment.onHost(`grep -qF /healthz/ ${log}-*`);
    // uWSGI looks for the new file every second.
    for (let tries = 1; ; tries++) {
      assert.equal((await site.ask("/healthz/?rotated")).status, 200);
      const { exitCode } = await exec(site.deployment.host, `grep -qF '/healthz/?rotated' ${log}`);
      if (exitCode === 0) break;
      assert.ok(tries < 60, `nothing more is written to ${log}`);
      await sleep(250);
    }
  }
}
