/** Each room of the program, and the rooms that it may import from besides itself. */
const directions = {
  templates: [],
  host: [],
  components: ["host", "templates"],
  settings: ["components", "host"],
  preflight: ["settings", "components", "host"],
  commands: ["preflight", "settings", "components", "host", "templates"],
  dev: ["commands", "preflight", "settings", "components", "host"],
};

/** How a host is reached is known here alone; and to what stands in for it, or tests it. */
const reachesHosts = ["host", "dev", "test"];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "circle",
      severity: "error",
      comment: "Two files that need each other are one, or share a third.",
      from: {},
      to: { circular: true },
    },
    {
      name: "unknown",
      severity: "error",
      comment: "An import that leads nowhere escapes every other rule.",
      from: {},
      to: { couldNotResolve: true, path: "^[.]" },
    },
    ...Object.entries(directions).map(([room, allowed]) => ({
      name: `from ${room}`,
      severity: "error",
      comment: `What ${room} may import stands in .dependency-cruiser.mjs.`,
      from: { path: `^${room}/` },
      to: {
        pathNot: [`^(${[room, ...allowed].join("|")})(/|$)`, "^node_modules/"],
        dependencyTypesNot: ["core"],
      },
    })),
    {
      name: "from settings to a class",
      severity: "error",
      comment: "Settings know the arguments of a component, and nothing else of it.",
      from: { path: "^settings/" },
      to: { path: "^components/(?!args/)" },
    },
    {
      name: "from preflight to a class",
      severity: "error",
      comment: "Preflight takes plain values: the classes come after it.",
      from: { path: "^preflight/" },
      to: { path: "^components/[^/]+$" },
    },
    {
      name: "library",
      severity: "error",
      comment: "A program of one's own has no stack of tracks, whose settings a text could name.",
      from: { path: "^(components/index|preflight/library)[.]ts$" },
      to: { path: "^settings/", reachable: true },
    },
    {
      name: "past host",
      severity: "error",
      comment: "Only host knows how a host is reached.",
      from: { pathNot: `^(${reachesHosts.join("|")})/` },
      to: { path: "^node_modules/(@pulumi/command|ssh2)/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    exclude: { path: "^(\\.lab|dist|reports)/" },
    doNotFollow: { path: "^node_modules/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
