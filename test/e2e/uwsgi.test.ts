import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Deployment } from "./deployment";

describe("uWSGI", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.create("uwsgi", { program: "test/e2e/programs/uwsgi.ts" });
    await deployment.set("serverNames", '["tracks.example.org"]');
    await deployment.onHost(makeReleases);
    await deployment.up();
  });
  afterAll(() => deployment.dispose());

  it("runs the release", async () => {
    expect(await deployment.onHost("systemctl is-active uwsgi")).toBe("active");
  });
});

/** Two releases of an application that tells what it sees, and a virtualenv, as a deployment leaves them. */
const makeReleases = `
set -e
yum -y -q install python3
useradd -m deployer
chmod 755 /home/deployer
for release in one two; do
  mkdir -p /microarray/releases/tracks/$release/tracks
  cat >/microarray/releases/tracks/$release/tracks/wsgi.py <<'PYTHON'
import json, os, sys, time
from urllib.parse import parse_qs

RELEASE = os.path.basename(os.getcwd())


def application(environ, start_response):
    query = parse_qs(environ.get("QUERY_STRING", ""))
    time.sleep(float(query.get("sleep", ["0.01"])[0]))
    start_response("200 OK", [("Content-Type", "application/json")])
    facts = {
        "release": RELEASE, "environment": dict(os.environ), "directory": os.getcwd(),
        "path": sys.path, "prefix": sys.prefix, "uid": os.getuid(), "gid": os.getgid(),
        "groups": os.getgroups(), "encoding": sys.getfilesystemencoding(),
    }
    return [json.dumps(facts).encode()]
PYTHON
done
ln -s releases/tracks/one /microarray/tracks
mkdir -p /home/deployer/venvs
python3 -m venv --without-pip /home/deployer/venvs/first
ln -s venvs/first /home/deployer/venv
chown -hR deployer: /microarray/tracks /microarray/releases /home/deployer/venv /home/deployer/venvs
`;
