"""Checks the Django application in the working directory, as its service would run it.

usage: examine WSGI [CURRENT]
       smoke WSGI VIRTUALENV UWSGI PATH HOST any|healthy LINK=TARGET...
       links LINK=TARGET...
       prune DIRECTORY KEEP VIRTUALENVS BACKUPS USED...

Runs in the release's virtualenv, as the application's user and in the environment of the service. Python finds
the application through the working directory, as under uWSGI. For `smoke`, stdin has the service's ini file, and
each LINK is a path that will lead to TARGET once the release is the current one.
"""
from __future__ import print_function

import errno
import io
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

try:
    from shlex import quote
except ImportError:
    from pipes import quote

sys.dont_write_bytecode = True

# How long an application may take to start and to answer once, on a slow host too.
START_SECONDS = 300


class Failure(Exception):
    """Reason why the deployment stops, for the site's owner."""


def load(wsgi):
    """WSGI application; loading it also chooses Django's settings."""
    if "" in sys.path:
        sys.path.remove("")
    sys.path.insert(0, os.getcwd())
    scope = {"__name__": "uwsgi_file_release", "__file__": os.path.abspath(wsgi)}
    with io.open(wsgi, "rb") as file:
        code = compile(file.read(), wsgi, "exec")
    exec(code, scope)
    if "application" not in scope:
        raise Failure("%s defines no variable named application" % wsgi)
    return scope["application"]


# --- Examine ---


def examine(wsgi, current=""):
    """Prints one line per fact: Django's version, where static files go, pending migrations.

    With CURRENT, the link that will lead to this release, fails on data inside the release.
    """
    # Asking sqlite for a missing database creates it.
    os.umask(0o077)
    load(wsgi)
    import django
    from django.conf import settings

    if current:
        check_places(settings, current)
    print("django %s" % ".".join(str(part) for part in django.VERSION[:3]))
    print("static-root %s" % (getattr(settings, "STATIC_ROOT", "") or ""))
    print("static-url %s" % (getattr(settings, "STATIC_URL", "") or ""))
    close_sqlite(settings.DATABASES)
    if django.VERSION >= (1, 7):
        for name in pending_migrations():
            print("pending %s" % name)


def close_sqlite(databases):
    """Makes each sqlite file readable only by its owner, before there is anything in it.

    sqlite gives the journal and the write-ahead log the mode of their database.
    """
    for database in databases.values():
        path = sqlite_file(database)
        if not path:
            continue
        path = os.path.realpath(path)
        if os.path.isdir(os.path.dirname(path)) and not os.path.exists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        for file in (path, path + "-wal", path + "-shm", path + "-journal"):
            if os.path.exists(file) and os.stat(file).st_uid == os.getuid():
                os.chmod(file, 0o600)


def sqlite_file(database):
    """Path of the file of a database in the settings, or nothing."""
    path = str(database.get("NAME") or "")
    if "sqlite" not in database.get("ENGINE", "") or ":memory:" in path or "mode=memory" in path:
        return ""
    return path[len("file:") :].split("?")[0] if path.startswith("file:") else path


def check_places(settings, current):
    """Fails on data in the release: the next one would start without them, and prune removes them."""
    inside = (
        "%s is %s, which is inside the release and is removed with it: set it to %s next to manage.py, which is a link"
        " to the shared directory, or use the value of the local settings"
    )
    faults = []
    for name, database in sorted(settings.DATABASES.items()):
        path = sqlite_file(database)
        if path and goes_with_release(path, current):
            faults.append(inside % ('DATABASES["%s"]["NAME"]' % name, path, "db.sqlite3"))
            faults += way_to_keep(path, current, "db.sqlite3")
    media = str(getattr(settings, "MEDIA_ROOT", "") or "")
    if media and stores_files(settings) and goes_with_release(media, current):
        faults.append(inside % ("MEDIA_ROOT", media, "media"))
        faults += way_to_keep(media, current, "media")
    if faults:
        raise Failure("\n".join(faults))


def way_to_keep(path, current, link):
    """How to keep the data that are there; nothing where there are none."""
    release = os.path.realpath(os.getcwd())
    path = os.path.realpath(as_current(path, current))
    places = [path]
    if path.startswith(release + "/"):
        # The data in use, rather than those in the source.
        places.insert(0, os.path.realpath(current + path[len(release) :]))
    for source in places:
        if not (os.listdir(source) if os.path.isdir(source) else os.path.exists(source)):
            continue
        target = os.path.realpath(link)
        if os.path.isdir(source):
            copies = [(source + "/.", target)]
        else:
            # After a killed process, part of the data may still be in these files next to the database.
            files = [end for end in ("", "-wal", "-journal") if os.path.exists(source + end)]
            copies = [(source + end, target + end) for end in files]
        user = pwd.getpwuid(os.getuid()).pw_name
        commands = ["service uwsgi stop"]
        commands += ["cp -ai %s %s" % (quote(one), quote(other)) for one, other in copies]
        commands += ["chown -R %s: %s" % (user, " ".join(quote(other) for _, other in copies))]
        return [
            "%s has data, which would be missing on the site then: copy them right before the next"
            " pulumi up, on the host as root: %s" % (source, " && ".join(commands))
        ]
    return []


def stores_files(settings):
    """Are uploads stored in MEDIA_ROOT, rather than in a service?"""
    storages = getattr(settings, "STORAGES", None) or {}
    named = storages.get("default", {}).get("BACKEND") or getattr(
        settings, "DEFAULT_FILE_STORAGE", "FileSystemStorage"
    )
    return "FileSystemStorage" in named


def goes_with_release(path, current):
    release = os.getcwd()
    path = os.path.realpath(as_current(path, current)) + "/"
    # An absolute path into another release is no better.
    places = [os.path.dirname(os.path.realpath(release)), os.path.realpath(sys.prefix)]
    return any(path.startswith(place + "/") for place in places)


def as_current(path, current):
    """What the path will mean once the release is the current one."""
    release = os.getcwd()
    path = os.path.join(release, path)
    # By then the link leads here; now it leads to a former release, or is not ours.
    if (path + "/").startswith(current + "/"):
        path = release + path[len(current) :]
    return path


def pending_migrations():
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["default"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return ["%s.%s" % (step[0].app_label, step[0].name) for step in plan]


# --- Smoke test ---


# Options without which the trial runs: what only the live service may have (sockets, logs, pid files), what would
# do its work twice (cron jobs, attached daemons, spoolers), and what the trial sets itself.
NOT_ON_TRIAL = (
    r"(.*-)?socket|https?|.*router|stats(-.*)?|snmp|(safe-)?pidfile2?|master-fifo"
    r"|(req-)?logger|logto2?|log-master|touch-logreopen|(smart-|legion-)?attach-.*|(.*-)?cron2?"
    r"|spooler.*|mules?|farm|subscribe.*|emperor.*|legion.*"
    r"|uid|gid|chdir2?|wsgi-file|home|virtualenv|venv|pyhome"
)
# Options where there is no service yet: fail when the application does not load, and accept long requests.
PLAIN_OPTIONS = "[uwsgi]\nneed-app = true\ndie-on-term = true\nbuffer-size = 32768\n"
SERVICE_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def trial_options(service, own, links):
    """The service's options for the new release, without what only the live service may have."""
    # One process is enough, but uWSGI refuses fewer than `cheaper`.
    few = {} if re.search(r"(?m)^cheaper", service) else {"processes": "1", "workers": "1"}
    lines = []
    for line in service.splitlines():
        for link, target in links:
            line = re.sub(r"(?<![\w./@+-])%s(?![\w.@+-])" % re.escape(link), lambda _: target, line)
        name = line.split("=")[0].strip()
        if name in few:
            line = "%s = %s" % (name, few[name])
        if not re.match(r"(%s)$" % NOT_ON_TRIAL, name):
            lines.append(line)
    return u"\n".join(lines + ["%s = %s" % pair for pair in own]) + u"\n"


def smoke(wsgi, virtualenv, uwsgi, path, host, expected, *links):
    """Starts the release on a separate socket, with the options of its service, and sends it one request."""
    with io.open(0, encoding="utf-8", closefd=False) as file:
        service = file.read()
    directory = make_directory()
    log = os.path.join(directory, "log")
    options = os.path.join(directory, "options.ini")
    address = os.path.join(directory, "http")
    own = [
        ("http-socket", address),
        ("wsgi-file", os.path.abspath(wsgi)),
        ("chdir", os.getcwd()),
        ("home", virtualenv),
        ("disable-logging", "true"),
    ]
    # A signal to this program must end the trial too, which is in a separate process group.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("a signal ended the smoke test"))
    try:
        write(options, trial_options(service or PLAIN_OPTIONS, own, [pair.split("=", 1) for pair in links]))
        # As empty as the environment of the service; the options add variables.
        environment = {"PATH": SERVICE_PATH} if service else None
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [uwsgi, "--ini", options],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                preexec_fn=os.setsid,
            )
        try:
            status, body = ask_when_ready(process, log, address, path, host)
        finally:
            end(process)
        if expected == "healthy" and not 200 <= status < 400:
            raise Failure("%s answers with status %d: %s" % (path, status, first_words(body)))
        print("answered %d" % status)
    except Failure as failure:
        if os.path.exists(log):
            with io.open(log, encoding="utf-8", errors="replace") as file:
                lines = [line.rstrip() for line in file if line.strip() and not is_chatter(line)]
            print("\n".join(lines[-12:]), file=sys.stderr)
        raise failure
    finally:
        shutil.rmtree(directory)


def make_directory():
    try:
        # The path of a socket may have at most 107 characters.
        return tempfile.mkdtemp(prefix="tracks-smoke-", dir="/tmp")
    except EnvironmentError as error:
        raise no_room(error)


def write(path, text):
    try:
        with io.open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except EnvironmentError as error:
        raise no_room(error)


def no_room(error):
    return Failure("can't write to /tmp, where the smoke test runs: %s: free some space there" % error.strerror)


def end(process):
    """Kills the trial with all its processes: a master that is asked to end takes a second."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        # There is no process any more.
        pass
    process.wait()


def is_chatter(line):
    """Is it one of the many lines that uWSGI always prints?"""
    noise = ("***", "[uWSGI] getting ", "detected ", "your ", "- unavailable", "spawned ", "mapped ")
    return line.startswith(noise)


def ask_when_ready(process, log, address, path, host):
    deadline = time.time() + START_SECONDS
    while time.time() < deadline:
        if process.poll() is not None:
            raise Failure(why_it_ended(log))
        try:
            return ask(address, path, host)
        except (IOError, OSError):
            # Not listening yet.
            time.sleep(0.05)
    raise Failure("no answer within %d s" % START_SECONDS)


def why_it_ended(log):
    with io.open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    if not re.search("Traceback|no python application|unable to load app", text):
        said = [line for line in text.splitlines() if line.strip() and not is_chatter(line)]
        return ": ".join(["uWSGI does not start with its options"] + said[-1:])
    # The line after a traceback, whose own lines are indented.
    raised = re.findall(r"^Traceback.*\n(?:[ \t].*\n)+(\S.*)", text, re.MULTILINE)
    return ": ".join(["the application does not load"] + raised[-1:])


def ask(address, path, host):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(START_SECONDS)
    try:
        connection.connect(address)
        request = "GET %s HTTP/1.0\r\nHost: %s\r\nX-Forwarded-Proto: https\r\n\r\n" % (path, host)
        connection.sendall(request.encode("utf-8"))
        answer = b""
        while True:
            part = connection.recv(65536)
            if not part:
                break
            answer += part
    finally:
        connection.close()
    if not answer.startswith(b"HTTP/"):
        raise Failure("%s: the application does not answer" % path)
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode("utf-8", "replace")


def first_words(body):
    return " ".join(body.split())[:200]


# --- Shared paths ---


def links(*pairs):
    """Makes each path of the release a link to a shared path; what the source has there is renamed."""
    for pair in pairs:
        path, target = pair.split("=", 1)
        if os.path.islink(path):
            if os.readlink(path) == target:
                continue
            os.remove(path)
        elif os.path.isdir(path):
            if os.listdir(path):
                take_in(path, target)
                os.rename(path, path + ".from-source")
                print("note %s of the source is kept as %s.from-source" % (path, path))
            else:
                os.rmdir(path)
        elif os.path.exists(path):
            os.rename(path, path + ".from-source")
            print("note %s of the source is kept as %s.from-source" % (path, path))
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(parent):
            print("note there is no directory %s in the source: no link %s" % (parent, path))
            continue
        os.symlink(target, path)


def take_in(path, target):
    """Copies files of the source to the shared directory, unless that has a file of the name.

    What is copied is on the disk when this returns.
    """
    for directory, _, files in os.walk(path):
        shared = os.path.join(target, os.path.relpath(directory, path))
        if not os.path.isdir(shared):
            os.makedirs(shared)
        for file in files:
            copy_whole(os.path.join(directory, file), os.path.join(shared, file))
        flush(shared)


def copy_whole(source, target):
    """Copies a file, which gets its name once all of it is on the disk; a file of the name stays."""
    part = os.path.join(os.path.dirname(target), ".tracks-new")
    # A run that was killed may have left it.
    drop(part)
    if os.path.lexists(target):
        return
    try:
        shutil.copy2(source, part)
        flush(part)
        # Unlike a rename, a link never replaces a file.
        os.link(part, target)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOTSUP):
            # The file system has no links.
            os.rename(part, target)
        elif error.errno != errno.EEXIST:
            raise
    finally:
        drop(part)


def drop(file):
    if os.path.lexists(file):
        os.remove(file)


def flush(path):
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


# --- Prune ---

RELEASE_MARK = ".tracks-release"
VIRTUALENV_MARK = ".tracks-virtualenv"
DOOMED = ".removed-"
DEPLOY_BACKUP = re.compile(r"\d{8}T\d{6}Z-deploy-.*\.(dump|sqlite3)$")


def marked(directory, mark):
    """Complete releases or virtualenvs in a directory, newest first: name and content of the mark."""
    found = []
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        file = os.path.join(path, mark)
        if not os.path.islink(path) and os.path.isfile(file):
            try:
                with io.open(file, encoding="utf-8") as text:
                    found.append((os.path.getmtime(file), name, text.read().strip()))
            except EnvironmentError as error:
                stays(path, file, error)
    return [(name, content) for _, name, content in sorted(found, reverse=True)]


def discard(directory, name):
    """Removes a tree; renames it first, so that one that is half removed is not taken for a release."""
    doomed = os.path.join(directory, DOOMED + name)
    try:
        os.rename(os.path.join(directory, name), doomed)
    except OSError as error:
        return stays(os.path.join(directory, name), os.path.join(directory, name), error)
    return remove(doomed)


def remove(tree):
    """Removes as much of a tree as possible, and names the rest."""
    refused = []

    def attempt(action, place):
        try:
            action(place)
        except OSError as error:
            refused.append((place, error))

    for place, directories, files in os.walk(tree, topdown=False, onerror=lambda error: refused.append((error.filename, error))):
        for name in files:
            attempt(os.remove, os.path.join(place, name))
        for name in directories:
            path = os.path.join(place, name)
            attempt(os.remove if os.path.islink(path) else os.rmdir, path)
    if not refused:
        attempt(os.rmdir, tree)
    return not refused or stays(tree, *refused[0])


def stays(tree, place, error):
    print("stays %s: %s: %s" % (tree, place, error.strerror))
    return False


def finish_discarding(directory):
    for name in os.listdir(directory):
        if name.startswith(DOOMED):
            remove(os.path.join(directory, name))


def prune(directory, keep, virtualenvs, backups, *used):
    """Removes old releases, those that never worked, virtualenvs that no release needs, and old backups."""
    needed = set(used)
    finish_discarding(directory)
    kept = 0
    for name, virtualenv in marked(directory, RELEASE_MARK):
        # Only a successful deployment writes into the mark.
        if name in used or (virtualenv and kept < int(keep)):
            needed.add(virtualenv)
            kept += 1
        else:
            if discard(directory, name):
                print("removed release %s" % os.path.join(directory, name))
    finish_discarding(virtualenvs)
    for position, (name, _) in enumerate(marked(virtualenvs, VIRTUALENV_MARK)):
        if position >= int(keep) and name not in needed:
            if discard(virtualenvs, name):
                print("removed virtualenv %s" % os.path.join(virtualenvs, name))
    made = sorted(name for name in os.listdir(backups) if DEPLOY_BACKUP.match(name))
    for name in made[: -int(keep)]:
        path = os.path.join(backups, name)
        try:
            os.remove(path)
            print("removed backup %s" % path)
        except OSError as error:
            stays(path, path, error)


def main(verb, *arguments):
    verbs = {"examine": examine, "smoke": smoke, "links": links, "prune": prune}
    try:
        verbs[verb](*arguments)
    except Failure as failure:
        raise SystemExit(str(failure))


main(*sys.argv[1:])
