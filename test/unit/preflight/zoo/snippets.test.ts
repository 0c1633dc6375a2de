import { describe, it } from "vitest";
import { expectPreview, type Outcome } from "./preview";

/**
 * What people write into tracks:siteSnippet, and what becomes of each in the preview.
 *
 * What only nginx can tell, `up` asks it before anything of it is touched: ../../e2e/zoo.test.ts.
 */
const refused = (words: RegExp): Outcome => ({ refused: words });

const inputs: readonly [what: string, snippet: string, outcome: Outcome][] = [
  ["a login", 'auth_basic "Lab only";\nauth_basic_user_file /etc/nginx/htpasswd;', "taken"],
  ["who may visit", "allow 10.0.0.0/8;\ndeny all;", "taken"],
  [
    "a redirect",
    "if ($http_x_forwarded_proto = http) {\n  return 301 https://$host$request_uri;\n}",
    "taken",
  ],
  ["lines of Windows", "gzip on;\r\ngzip_min_length 1k;\r\n", "taken"],
  ["a comment with a brace and [emerg]", "# } [emerg] it's\ngzip on;", "taken"],
  [
    "braces in quotes and patterns",
    `add_header X "}{";\nlocation ~ "^/a{2}$" { return 404; }`,
    "taken",
  ],
  ["an escaped quote", `add_header X "a\\"}";`, "taken"],
  [
    "a block that stays open",
    "location /old {\n  return 410;\n",
    refused(/siteSnippet.*line 1.*\{.*never closed/s),
  ],
  ["a brace too many", "gzip on;\n}\n", refused(/siteSnippet.*line 2.*\}.*closes/s)],
  [
    "one that ends the server",
    "}\nserver {\n  listen 81;\n",
    refused(/siteSnippet.*line 1.*\}.*closes/s),
  ],
  ["a directive without its end", "gzip on", refused(/siteSnippet.*line 1.*;/s)],
  ["a quote that stays open", 'add_header X "yes;\n', refused(/siteSnippet.*line 1.*quote/s)],
  [
    "a location of ours",
    "location ^~ /static/ {\n  expires 1d;\n}",
    refused(/siteSnippet.*line 1: location \^~ \/static\/.*the site itself has/s),
  ],
  [
    "robots.txt again",
    "location = /robots.txt { return 404; }",
    refused(/siteSnippet.*robots.*the site itself has/s),
  ],
  [
    "a pattern that hides ours",
    "location ~* \\.(css|js)$ {\n  expires 30d;\n}",
    refused(/siteSnippet.*takes \/static\/file\.css.*alias/s),
  ],
  ["a pattern that closes part of ours", "location ~ ^/media/private/ {\n  deny all;\n}", "taken"],
  ["a variable", 'set ${where} "a$b";\nadd_header X ${where}y;', "taken"],
  [
    "a placeholder of the templates",
    "add_header X @@LOCALE@@;",
    refused(/siteSnippet.*@@LOCALE@@ in it.*no @@NAME@@/s),
  ],
];

describe("a snippet for nginx that is", () => {
  it.each(inputs)("%s", async (_what, siteSnippet, outcome) => {
    await expectPreview({ siteSnippet }, outcome);
  });
});
