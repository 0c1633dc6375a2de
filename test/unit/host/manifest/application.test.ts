import { describe, expect, it } from "vitest";
import {
  type ApplicationEntry,
  type DeployEntry,
  renderApplicationEntry,
} from "../../../../host/manifest/application";

const deployment: DeployEntry = {
  kind: "application",
  path: "/srv/releases/1",
  owner: "deployer",
  current: "/srv/tracks",
  shared: "/srv/shared",
  backups: "/srv/backups",
  wsgi: "tracks/wsgi.py",
  settings: "tracks/settings/local.py",
  production: true,
  health: "/",
  host: "tracks.example.org",
  port: 80,
  keep: 5,
};

describe("an application's entry", () => {
  it.each<[string, ApplicationEntry, string[]]>([
    [
      "release from an archive",
      {
        kind: "release",
        path: "/srv/releases/1",
        owner: "deployer",
        wsgi: "tracks/wsgi.py",
        requirements: "requirements.txt",
        source: { kind: "archive", path: ".tracks/spool/a.tar", login: "admin", sha256: "abc" },
      },
      [
        "release /srv/releases/1 owner=deployer wsgi=tracks/wsgi.py requirements=requirements.txt archive=.tracks/spool/a.tar login=admin sha256=abc",
      ],
    ],
    [
      "release from git",
      {
        kind: "release",
        path: "/srv/releases/1",
        owner: "deployer",
        wsgi: "tracks/wsgi.py",
        requirements: "requirements.txt",
        source: { kind: "git", url: "https://git.example.org/tracks.git", commit: "abc" },
      },
      [
        "release /srv/releases/1 owner=deployer wsgi=tracks/wsgi.py requirements=requirements.txt git=https://git.example.org/tracks.git commit=abc",
      ],
    ],
    [
      "deploy key",
      { kind: "deploy-key", user: "deployer", key: "-----BEGIN\nline\n-----END\n" },
      ["deploy-key deployer", "| -----BEGIN", "| line", "| -----END"],
    ],
    [
      "git server's host key, as a line of known_hosts",
      { kind: "git-host-key", server: "[git.example.org]:2222", key: "ssh-ed25519 AAAA" },
      ["git-host-key [git.example.org]:2222", "| [git.example.org]:2222 ssh-ed25519 AAAA"],
    ],
    [
      "virtualenv",
      {
        kind: "virtualenv",
        path: "/home/deployer/venvs",
        python: "/usr/bin/python3",
        requirements: "requirements.txt",
        extra: ["gunicorn==20.1.0", "six"],
      },
      [
        "virtualenv /home/deployer/venvs python=/usr/bin/python3 requirements=requirements.txt",
        "| gunicorn==20.1.0",
        "| six",
      ],
    ],
    [
      "virtualenv with the driver of a database",
      {
        kind: "virtualenv",
        path: "/home/deployer/venvs",
        python: "/usr/bin/python3",
        requirements: "requirements.txt",
        extra: [],
        database: "postgresql",
      },
      [
        "virtualenv /home/deployer/venvs python=/usr/bin/python3 requirements=requirements.txt database=postgresql",
      ],
    ],
    [
      "deployment of production",
      deployment,
      [
        "application /srv/releases/1 owner=deployer current=/srv/tracks shared=/srv/shared backups=/srv/backups wsgi=tracks/wsgi.py settings=tracks/settings/local.py health=/ host=tracks.example.org port=80 keep=5 production=yes",
      ],
    ],
    [
      "deployment of development",
      { ...deployment, production: false },
      [
        "application /srv/releases/1 owner=deployer current=/srv/tracks shared=/srv/shared backups=/srv/backups wsgi=tracks/wsgi.py settings=tracks/settings/local.py health=/ host=tracks.example.org port=80 keep=5 production=no",
      ],
    ],
    [
      "deployment on a database, with its client programs elsewhere",
      { ...deployment, client: "/usr/pgsql-15/bin", database: "db.example.org:5432/tracks" },
      [
        "application /srv/releases/1 owner=deployer current=/srv/tracks shared=/srv/shared backups=/srv/backups wsgi=tracks/wsgi.py settings=tracks/settings/local.py health=/ host=tracks.example.org port=80 keep=5 client=/usr/pgsql-15/bin database=db.example.org:5432/tracks production=yes",
      ],
    ],
    [
      "deployment whose client programs are in PATH",
      { ...deployment, client: undefined, database: undefined },
      renderApplicationEntry(deployment),
    ],
    [
      "secret key",
      { kind: "secret-key", path: "/srv/shared/secret-key", owner: "deployer" },
      ["secret-key /srv/shared/secret-key owner=deployer"],
    ],
  ])("renders a %s", (_, entry, lines) => {
    expect(renderApplicationEntry(entry)).toEqual(lines);
  });
});
