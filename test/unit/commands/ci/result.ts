import type { CiResult } from "../../../../commands/ci/result";

/** A preview with nothing to tell, with these changes. */
export function resultWith(changes: Partial<CiResult>): CiResult {
  return {
    command: "preview",
    stack: "production",
    state: "done",
    seconds: 1.5,
    changes: [],
    drift: [],
    messages: [],
    failure: undefined,
    ...changes,
  };
}

export const nginxChange: CiResult["changes"][number] = {
  resource: "nginx",
  type: "command:remote:Command",
  operation: "update",
  properties: ["stdin"],
  lines: ["- |   worker_connections 1024;", "+ |   worker_connections 2048;"],
};
