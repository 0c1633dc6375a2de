import Module from "node:module";

/**
 * Loaded into the program's process before the SDK, which begins with npm's whole package tree. It needs
 * that only where a function is serialised, as no program here does: it comes when it is asked for.
 */
const loader = Module as unknown as { _load: (request: string, ...more: unknown[]) => object };
const load = loader._load;
loader._load = (request, ...more) => {
  if (request !== "@npmcli/arborist") return load(request, ...more);
  return new Proxy(
    {},
    {
      // What says that it is an ES module is taken as it is, not copied name by name.
      get: (_, name): unknown =>
        name === "__esModule" || (Reflect.get(load(request, ...more), name) as unknown),
    },
  );
};
