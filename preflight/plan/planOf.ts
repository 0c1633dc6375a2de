import { createHash } from "node:crypto";
import { differenceText } from "../../host/difference";
import { type HostFacts, installedScriptFact } from "../../host/facts";
import { manifestHeader } from "../../host/manifest/manifest";
import { problemText } from "../../host/problem";
import type { Registration } from "../../host/registrations";
import type { Login } from "../../host/ssh/connection";
import { type Plan, unknown } from "./plan";
import type { PlanText } from "./PlanText";

/** What a plan is made of. */
export interface Planned {
  /** Project and stack, `PROJECT.STACK`. */
  readonly scope: string;
  readonly login: Login;
  readonly facts: HostFacts;
  /** Name of the application's release; undefined where it is not known yet. */
  readonly release: string | undefined;
  readonly registrations: readonly Registration[];
  readonly text: PlanText;
}

/** Puts the plan together. */
export function planOf({ scope, login, facts, release, registrations, text }: Planned): Plan {
  const parts = new Map<string, string[]>([
    ["host", host(login).map((line) => text.plain("host", line))],
    ["release", [release ?? unknown]],
    // Another key gives every secret another name: this line says why.
    ["secrets", [text.secret("", "")]],
    ["applied before", applied(facts, text)],
    ["drift", drift(facts, text)],
    ["conflicts", conflicts(facts, text)],
    ["missing packages", missingPackages(facts)],
  ]);
  for (const [name, lines] of registrations.flatMap((one) => partsOf(one, text)).sort(byName)) {
    parts.set(name, lines);
  }
  return { scope, parts };
}

/** Another host could have the same state. How the login gets there is no part of it. */
function host({ address, port, hostKey }: Login): string[] {
  return [`address ${address}`, `port ${port}`, `key ${hostKey.fingerprint}`];
}

/**
 * What this deployment will change or remove: a plan that somebody has deployed over would take that back.
 *
 * The time tells that a resource was changed, also where only a secret of it was, or the stack has no key. The manifest
 * is for a host whose script does not tell the time. As a digest, since a manifest of former settings could have a
 * secret that they no longer have.
 */
function applied({ facts, resources }: HostFacts, text: PlanText): string[] {
  const lines = [...resources].map(
    ([name, { changed = unknown, manifest = [] }]) =>
      `${name} ${text.secret(name, manifest.join("\n"))} ${changed}`,
  );
  return [`script ${facts.get(installedScriptFact) ?? unknown}`, ...lines.sort()];
}

function drift({ resources }: HostFacts, text: PlanText): string[] {
  return [...resources]
    .flatMap(([name, { drift }]) =>
      drift.flatMap((one) =>
        differenceText(one)
          .split("\n")
          .map((line) => text.plain(name, `${name}: ${line}`)),
      ),
    )
    .sort();
}

/** What the host has that is in the way, each in one line. */
function conflicts(facts: HostFacts, text: PlanText): string[] {
  return facts.problems
    .map((problem) => problemText(problem).replace(/\n */g, "; ").replace(/: +/g, ": "))
    .map((line) => text.plain("conflicts", line))
    .sort();
}

/** Wanted packages that the host does not have, each with its other names. */
function missingPackages({ facts }: HostFacts): string[] {
  const missing = facts.get("missing-packages");
  if (missing === undefined) return [unknown];
  return missing === "none" ? [] : missing.split("\n").sort();
}

type Part = [name: string, lines: string[]];

function byName([name]: Part, [other]: Part): number {
  return name < other ? -1 : 1;
}

/** What the plan says of one resource; nothing of what another part says already. */
function partsOf({ type, name, inputs }: Registration, text: PlanText): Part[] {
  // A manifest has the digest of the file that is copied; a provider has the way to a server.
  if (type === "command:remote:CopyToRemote" || type.startsWith("pulumi:")) return [];
  if (type !== "command:remote:Command") {
    const lines = Object.entries(inputs).map(([input, { value, isSecret }]) => {
      const shown = value === undefined ? unknown : JSON.stringify(value);
      const where = `${type} ${name} ${input}`;
      return `${input}: ${isSecret ? text.secret(where, shown) : text.plain(where, shown)}`;
    });
    return [[`${type} ${name}`, lines.sort()]];
  }
  const { value: stdin, isSecret = false } = inputs["stdin"] ?? {};
  const [, onHost = name] = / apply (\S+)/.exec(String(inputs["create"]?.value)) ?? [];
  if (typeof stdin !== "string") return [[`manifest ${onHost}`, [unknown]]];
  if (stdin.startsWith(`${manifestHeader}\n`)) {
    return [[`manifest ${onHost}`, text.manifest(onHost, stdin, isSecret)]];
  }
  return [[`program ${name}`, [createHash("sha256").update(stdin).digest("hex")]]];
}
