import { preview } from "./deployment";
import { runScript } from "./script";

void runScript(
  { name: "preview", does: "show what a deployment would change, and what differs on the host" },
  preview,
);
