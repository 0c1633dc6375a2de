import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withReference } from "../settings/reference";

/** `npm run reference`: brings the configuration reference in docs/configuration.md up to date. */
const file = join(__dirname, "..", "docs", "configuration.md");
writeFileSync(file, withReference(readFileSync(file, "utf8")));
