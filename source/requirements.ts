import { fault, type SourceFinding, warning } from "./finding";
import type { SourceLayout } from "./SourceLayout";

/** What the virtualenv is made from. */
export function inspectRequirements(
  text: string | undefined,
  layout: SourceLayout,
): SourceFinding[] {
  const path = layout.requirementsFile;
  if (text === undefined)
    return [
      fault(
        path,
        "there is no such file, and the virtualenv is made from it. Add it, with Django==VERSION in it, or name another.",
      ),
    ];
  const findings: SourceFinding[] = [];
  const lines = text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*/, "").trim())
    .filter((line) => line !== "");
  const included = lines
    .map((line) => /^(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)/.exec(line)?.[1])
    .filter((file) => file !== undefined);
  // The virtualenv goes by the content of all files of the source; what lies elsewhere isn't asked for.
  const elsewhere = included.filter((file) => file.includes("://"));
  if (elsewhere.length > 0)
    findings.push(
      warning(
        path,
        `includes files from elsewhere (${elsewhere.join(", ")}). A change in one of these makes no new virtualenv: write their lines into the source.`,
      ),
    );
  if (included.length === 0 && !lines.some((line) => /(^|[^\w.-])django([^\w.-]|$)/i.test(line)))
    findings.push(
      warning(
        path,
        "doesn't name Django, so that another package's choice decides its version. Add Django==VERSION.",
      ),
    );
  const loose = lines
    .map((line) => line.replace(/\s*;.*/, ""))
    .filter((line) => /^[A-Za-z0-9]/.test(line) && !/==|@|\.(whl|gz|zip)$/.test(line));
  if (loose.length > 0)
    findings.push(
      warning(
        path,
        `doesn't pin ${loose.join(", ")}: the same file gives other versions on another day. Write NAME==VERSION.`,
      ),
    );
  return findings;
}
