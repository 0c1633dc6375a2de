import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Answer, request, type RequestOptions } from "../../dev/demo/request";
import { exec, type Shape } from "../../dev/lab/host";
import { type Row, sampleDumpFile } from "../sampleDump";
import { Deployment } from "./deployment";
import { RequestLoop } from "./requestLoop";

const sample = join(__dirname, "../../dev/sample/tracks");
const name = "tracks.test";

/** What a worker tells about the process that it is. */
export interface WorkerProcess {
  environment: Record<string, string>;
  ids: number[];
  directory: string;
  prefix: string;
}

/** The sample application on a lab host, deployed by index.ts as a user would. */
export class SampleSite {
  /** Everything that pulumi printed. */
  printed = "";

  private constructor(
    readonly deployment: Deployment,
    /** The source: a copy, which the test may change. */
    readonly folder: string,
    private readonly port: number,
  ) {}

  /**
   * Configures the stack; nothing is deployed yet. The source is a copy, which the test may change.
   *
   * @param stack name of stack and host, unique among the tests
   * @param settings of the stack besides what every site needs
   * @param options.shape of the host; default a container
   */
  static async create(
    stack: string,
    settings: Readonly<Record<string, string>> = {},
    options: { shape?: Shape } = {},
  ): Promise<SampleSite> {
    const folder = await mkdtemp(join(tmpdir(), "tracks-source-"));
    await cp(sample, folder, { recursive: true });
    await appendFile(join(folder, "tracks/urls.py"), processPage);
    const deployment = await Deployment.create(stack, options);
    await deployment.set("serverNames", `["${name}"]`);
    await deployment.set("sourceFolder", folder);
    await deployment.set("migrationDump", sampleDumpFile);
    await deployment.set("healthCheckPath", "/healthz/");
    for (const [key, value] of Object.entries(settings)) {
      await deployment.set(key, value, ...(key.endsWith("Password") ? ["--secret"] : []));
    }
    return new SampleSite(deployment, folder, Number(settings["listenPort"] ?? 80));
  }

  async up(...args: string[]): Promise<string> {
    return this.kept(this.deployment.up(...args));
  }

  async upFails(...args: string[]): Promise<string> {
    return this.kept(this.deployment.upFails(...args));
  }

  /** Runs another command of pulumi, which must succeed. */
  async pulumi(...args: string[]): Promise<string> {
    return this.kept(this.deployment.succeed(...args));
  }

  /** A request from outside, as a browser would send it. */
  async ask(path: string, options?: RequestOptions): Promise<Answer> {
    return request(this.deployment.host.address, name, path, { port: this.port, ...options });
  }

  /** Requests from outside, until they are stopped. */
  loop(path: string, fault?: (answer: Answer) => string | undefined): RequestLoop {
    const url = `http://${this.deployment.host.address}:${this.port}${path}`;
    return RequestLoop.start(url, { host: name, fault });
  }

  /** Uploads a text through the site's form; the path under which it is served then. */
  async upload(file: string, content: string): Promise<string> {
    const form = await this.ask("/upload/");
    const [cookie = ""] = (form.headers["set-cookie"]?.[0] ?? "").split(";");
    const [, token = ""] = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(form.body) ?? [];
    const part = (disposition: string, text: string) =>
      `--border\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`;
    const answer = await this.ask("/upload/", {
      method: "POST",
      headers: { cookie, "content-type": "multipart/form-data; boundary=border" },
      body:
        part('name="csrfmiddlewaretoken"', token) +
        part(`name="file"; filename="${file}"`, content) +
        "--border--\r\n",
    });
    if (answer.status !== 302) throw new Error(`upload: ${answer.status} ${answer.body}`);
    const listed = (await this.ask("/upload/")).body;
    return /href="(\/media\/[^"]*)"/.exec(listed)?.[1] ?? "";
  }

  /** What a worker of uWSGI is. */
  async worker(): Promise<WorkerProcess> {
    return JSON.parse((await this.ask("/process/")).body) as WorkerProcess;
  }

  /** Runs lines of bash in a login shell of deployer, as the notes do; the first failure ends them. */
  async asDeployer(script: string): Promise<string> {
    const { host } = this.deployment;
    const { exitCode, stdout, stderr } = await exec(host, "su - deployer", {
      input: `set -e\n${script}\n`,
    });
    if (exitCode !== 0) throw new Error(`as deployer: ${script}\nexited ${exitCode}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** What psql prints as the system user postgres. */
  async sql(statement: string): Promise<string> {
    return this.deployment.onHost(
      `cd / && runuser -u postgres -- psql -X -q -A -t -d tracks -c "${statement}"`,
    );
  }

  /** What psql prints that logs in over TCP as the application does, error messages included. */
  async sqlWithPassword(password: string, statement: string): Promise<string> {
    await exec(this.deployment.host, "umask 077; cat >/root/pgpass", {
      input: `127.0.0.1:5432:tracks:deployer:${password}\n`,
    });
    return this.deployment.onHost(
      `PGPASSFILE=/root/pgpass psql -X -A -t -w -h 127.0.0.1 -U deployer -d tracks -c "${statement}" 2>&1 || true; rm /root/pgpass`,
    );
  }

  /** What `manage.py dumpdata` says as deployer, with its environment. */
  async rows(...models: string[]): Promise<Row[]> {
    return JSON.parse(
      await this.asDeployer(`${manage} dumpdata ${models.join(" ")} </dev/null`),
    ) as Row[];
  }

  /** Changes a file of the source. */
  async edit(file: string, change: (text: string) => string): Promise<void> {
    await this.write(file, change(await readFile(join(this.folder, file), "utf8")));
  }

  /** Writes a file of the source, and makes its directory. */
  async write(file: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.folder, file)), { recursive: true });
    await writeFile(join(this.folder, file), content);
  }

  /** Removes a file of the source. */
  async remove(file: string): Promise<void> {
    await rm(join(this.folder, file));
  }

  /** Gives code and templates another version. */
  async setVersion(version: string): Promise<void> {
    await this.edit("roasted/version.py", () => `VERSION = "${version}"\n`);
    await this.edit("roasted/templates/roasted/base.html", (text) =>
      text.replace(/templates [^<]*</, `templates ${version}<`),
    );
  }

  async dispose(): Promise<void> {
    await this.deployment.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async kept(printing: Promise<string>): Promise<string> {
    const printed = await printing;
    this.printed += printed;
    return printed;
  }
}

/** Shell lines that make manage.py of the deployed release the next word. */
export const manage =
  "cd /microarray/tracks; source /home/deployer/venv/bin/activate; python manage.py";

/** A page that shows what /proc doesn't: the environment as the application sees it. */
const processPage = `

def _process(request):
    import os
    import sys

    from django.http import JsonResponse

    return JsonResponse(
        {
            "environment": dict(os.environ),
            "ids": [os.getuid(), os.getgid(), *os.getgroups()],
            "directory": os.getcwd(),
            "prefix": sys.prefix,
        }
    )


urlpatterns.insert(0, path("process/", _process))
`;
