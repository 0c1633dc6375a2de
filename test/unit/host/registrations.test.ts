import * as pulumi from "@pulumi/pulumi";
import { expect, it, vi } from "vitest";
import { registrationsOf } from "../../../host/registrations";
import { MockedEngine } from "../mockedEngine";

const engine = new MockedEngine();

/** Any resource, with one output that it has of itself. */
class Thing extends pulumi.CustomResource {
  declare readonly answer: pulumi.Output<string>;
  constructor(name: string, inputs: pulumi.Inputs) {
    super("test:index:Thing", name, { answer: undefined, ...inputs });
  }
}

it("says what a program would register, with what is secret and what is unknown", async () => {
  const { result, registrations } = await registrationsOf(() => {
    const first = new Thing("first", { plain: 1, hidden: pulumi.secret("hush") });
    new Thing("second", { later: first.answer, nested: { later: first.answer } });
    return "done";
  });
  expect(result).toBe("done");
  expect(registrations).toEqual([
    {
      ...{ type: "test:index:Thing", name: "first" },
      inputs: {
        plain: { value: 1, isSecret: false },
        hidden: { value: "hush", isSecret: true },
      },
    },
    {
      ...{ type: "test:index:Thing", name: "second" },
      inputs: {
        later: { value: undefined, isSecret: false },
        nested: { value: undefined, isSecret: false },
      },
    },
  ]);
});

it("knows the outputs that it is told, and keeps them secret", async () => {
  const { registrations } = await registrationsOf(
    () => new Thing("second", { later: new Thing("first", {}).answer }),
    ({ name }) => (name === "first" ? { answer: pulumi.secret("known") } : {}),
  );
  expect(registrations[1]?.inputs).toEqual({ later: { value: "known", isSecret: true } });
});

it("registers nothing, logs nothing, and leaves the program around it as it is", async () => {
  const names = () => [pulumi.getProject(), pulumi.getStack(), pulumi.runtime.isDryRun()];
  const around = names();
  const inside = await registrationsOf(async () => {
    const shown = [vi.spyOn(console, "warn"), vi.spyOn(console, "log")];
    await pulumi.log.warn("not shown");
    for (const spy of shown) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
    new Thing("inside", {});
    return names();
  });
  expect(inside.result).toEqual([...around.slice(0, 2), true]);
  expect(engine.registered).toEqual([]);
  new Thing("outside", {});
  await engine.settled();
  expect(engine.registered.map(({ name }) => name)).toEqual(["outside"]);
  expect(names()).toEqual(around);
});

it("fails as the program does", async () => {
  const failing = registrationsOf(() => {
    throw new Error("two sites of one name");
  });
  await expect(failing).rejects.toThrow("two sites of one name");
});
