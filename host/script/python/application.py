"""Looks at the Django application in the working directory, as its service would run it.

usage: examine WSGI [CURRENT]
       smoke WSGI VIRTUALENV UWSGI PATH HOST any|healthy LINK=TARGET...
       links LINK=TARGET...
       prune DIRECTORY KEEP VIRTUALENVS BACKUPS USED...

Runs in the release's virtualenv, as the application's user and in the environment of the service. The
working directory is what enters sys.path, as under uWSGI. For `smoke`, stdin has the service's ini file, and
each LINK is a place that will lead to TARGET once the release is the current one.
"""
from __future__ import print_function

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

# As long as an application may take to start and to answer once, however slow the host is.
START_SECONDS = 300


class Failure(Exception):
    """What stops the deployment, in words for its owner."""


def load(wsgi):
    """The WSGI application and Django's settings, as the file itself chooses them."""
    if "" in sys.path:
        sys.path.remove("")
    sys.path.insert(0, os.getcwd())
    scope = {"__name__": "uwsgi_file_release", "__file__": os.path.abspath(wsgi)}
    with io.open(wsgi, "rb") as file:
        code = compile(file.read(), wsgi, "exec")
    exec(code, scope)
    if "application" not in scope:
        raise Failure("%s has no application" % wsgi)
    return scope["application"]


# --- What is there ---


def examine(wsgi, current=""):
    """Prints a line a fact: Django's version, where static files go, migrations that wait.

    With CURRENT, the link that will lead to this release, data that would go with it are refused.
    """
    # Who asks sqlite for a database that is not there makes it.
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
    """Makes each sqlite file its owner's alone, before there is anything in it.

    Journal and write-ahead log get the mode of their database from sqlite.
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
    """Path of the file that a database of the settings lies in, or nothing."""
    path = str(database.get("NAME") or "")
    if "sqlite" not in database.get("ENGINE", "") or ":memory:" in path or "mode=memory" in path:
        return ""
    return path[len("file:") :].split("?")[0] if path.startswith("file:") else path


def check_places(settings, current):
    """Refuses data in the release: the next one would start without them, and prune removes them."""
    mend = (
        "%s is %s, which goes with the release: set it to %s beside manage.py, which leads to the"
        " shared directory, or take it from the local settings"
    )
    faults = []
    for name, database in sorted(settings.DATABASES.items()):
        path = sqlite_file(database)
        if path and goes_with_release(path, current):
            faults.append(mend % ('DATABASES["%s"]["NAME"]' % name, path, "db.sqlite3"))
            faults += way_to_keep(path, current, "db.sqlite3")
    media = str(getattr(settings, "MEDIA_ROOT", "") or "")
    if media and stores_files(settings) and goes_with_release(media, current):
        faults.append(mend % ("MEDIA_ROOT", media, "media"))
        faults += way_to_keep(media, current, "media")
    if faults:
        raise Failure("\n".join(faults))


def way_to_keep(path, current, link):
    """How the data that lie there come along; nothing where there are none."""
    release = os.path.realpath(os.getcwd())
    path = os.path.realpath(as_current(path, current))
    places = [path]
    if path.startswith(release + "/"):
        # What is in use, rather than what the source brings.
        places.insert(0, os.path.realpath(current + path[len(release) :]))
    for source in places:
        if not (os.listdir(source) if os.path.isdir(source) else os.path.exists(source)):
            continue
        target = os.path.realpath(link)
        if os.path.isdir(source):
            copies = [(source + "/.", target)]
        else:
            # Beside a database is what a process that was killed had not brought into it.
            files = [end for end in ("", "-wal", "-journal") if os.path.exists(source + end)]
            copies = [(source + end, target + end) for end in files]
        user = pwd.getpwuid(os.getuid()).pw_name
        commands = ["service uwsgi stop"]
        commands += ["cp -ai %s %s" % (quote(one), quote(other)) for one, other in copies]
        commands += ["chown -R %s: %s" % (user, " ".join(quote(other) for _, other in copies))]
        return [
            "%s has data, which the site would be without then: copy them right before the next"
            " pulumi up, on the host as root: %s" % (source, " && ".join(commands))
        ]
    return []


def stores_files(settings):
    """Do uploads lie in MEDIA_ROOT, rather than with some service?"""
    storages = getattr(settings, "STORAGES", None) or {}
    named = storages.get("default", {}).get("BACKEND") or getattr(
        settings, "DEFAULT_FILE_STORAGE", "FileSystemStorage"
    )
    return "FileSystemStorage" in named


def goes_with_release(path, current):
    release = os.getcwd()
    path = os.path.realpath(as_current(path, current)) + "/"
    # An absolute path into another release is none better.
    places = [os.path.dirname(os.path.realpath(release)), os.path.realpath(sys.prefix)]
    return any(path.startswith(place + "/") for place in places)


def as_current(path, current):
    """The path as it will be understood once the release is the current one."""
    release = os.getcwd()
    path = os.path.join(release, path)
    # By then the link leads here; what stands in its place now is a former release, or not ours.
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


# What the live service holds (sockets, logs, pid files), what does its work by itself a second time (a
# cron job, a daemon beside it, a spool that is worked off), and what the trial says for itself.
NOT_ON_TRIAL = (
    r"(.*-)?socket|https?|.*router|stats(-.*)?|snmp|(safe-)?pidfile2?|master-fifo"
    r"|(req-)?logger|logto2?|log-master|touch-logreopen|(smart-|legion-)?attach-.*|(.*-)?cron2?"
    r"|spooler.*|mules?|farm|subscribe.*|emperor.*|legion.*"
    r"|uid|gid|chdir2?|wsgi-file|home|virtualenv|venv|pyhome"
)
# Without a service: what the sample's request needs, and no application that fails to load.
PLAIN_OPTIONS = "[uwsgi]\nneed-app = true\ndie-on-term = true\nbuffer-size = 32768\n"
SERVICE_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def trial_options(service, own, links):
    """The service's options as the new release shall get them, without what only one can have."""
    # One process will do, but fewer than cheaper keeps would be refused.
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
    """Starts the release on a socket of its own, with the options of its service, and asks it once."""
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
    # Who ends this program ends the trial, which is in a group of its own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the smoke test was ended"))
    try:
        write(options, trial_options(service or PLAIN_OPTIONS, own, [pair.split("=", 1) for pair in links]))
        # As empty as the service's, which the options add to.
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
        # A socket's path has 107 characters at most.
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
    return Failure("can't write to /tmp, where the release is tried out: %s: make room there" % error.strerror)


def end(process):
    """Ends the trial with all its processes: asked to, a master takes a second to end them in order."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        # None is left.
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
    # The line behind a traceback's own, which are indented.
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
        raise Failure("%s: the application gives no answer" % path)
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode("utf-8", "replace")


def first_words(body):
    return " ".join(body.split())[:200]


# --- Shared paths ---


def links(*pairs):
    """Makes each path of the release lead to what outlives it; what the source has there is kept beside."""
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
    """Copies files of the source to the shared directory where it has none of that name."""
    for directory, _, files in os.walk(path):
        shared = os.path.join(target, os.path.relpath(directory, path))
        if not os.path.isdir(shared):
            os.makedirs(shared)
        for file in files:
            if not os.path.lexists(os.path.join(shared, file)):
                shutil.copy2(os.path.join(directory, file), os.path.join(shared, file))


# --- Prune ---

RELEASE_MARK = ".tracks-release"
VIRTUALENV_MARK = ".tracks-virtualenv"
DOOMED = ".removed-"
DEPLOY_BACKUP = re.compile(r"\d{8}T\d{6}Z-deploy-.*\.(dump|sqlite3)$")


def marked(directory, mark):
    """What is complete in a directory, newest first: name and content of the mark."""
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
    """Removes a tree; one that is half gone when this is interrupted passes for nothing any more."""
    doomed = os.path.join(directory, DOOMED + name)
    try:
        os.rename(os.path.join(directory, name), doomed)
    except OSError as error:
        return stays(os.path.join(directory, name), os.path.join(directory, name), error)
    return remove(doomed)


def remove(tree):
    """Removes all of a tree that can be removed; the rest is named, and keeps nothing else from going."""
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
    """Removes releases beyond the newest that worked, virtualenvs that no release left needs, old backups."""
    needed = set(used)
    finish_discarding(directory)
    kept = 0
    for name, virtualenv in marked(directory, RELEASE_MARK):
        # Only a deployment that was proven writes into the mark.
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
