import { drift } from "./deployment";
import { runScript } from "./script";

void runScript(
  { name: "drift", does: "tell what differs on the host from what was applied, by name" },
  drift,
);
