import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Handlebars from "handlebars";

// The compiled file is elsewhere in the package, and the templates are not moved.
const templates = join(dirname(require.resolve("tracks/package.json")), "templates");
const handlebars = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();

// First lines of every file that lands on a host, except those that visitors see.
handlebars.registerPartial("header", readFileSync(join(templates, "header.hbs"), "utf8"));

/**
 * Fills in one Handlebars template of `templates/`.
 *
 * Strict: a name that the view lacks is an error, never an empty string in a file on the host.
 * Nothing is escaped, since these are configuration files, not HTML; what goes in was checked
 * by the component.
 */
export function render(template: string, view: object): string {
  let fill = compiled.get(template);
  if (fill === undefined) {
    fill = handlebars.compile(readFileSync(join(templates, template), "utf8"), {
      strict: true,
      noEscape: true,
    });
    compiled.set(template, fill);
  }
  return fill(view);
}
