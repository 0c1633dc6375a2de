import { render } from "./render";

/** robots.txt with exactly these lines: no header, since some spiders read the first line only. */
export function renderRobots(rules: readonly string[]): string {
  return render("robots/robots.txt.hbs", { rules });
}
