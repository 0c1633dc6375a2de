"""uWSGI of a private root, as far as a deployment sees it: ROOT --ini FILE.

A master and its workers, which answer in uWSGI's own protocol, or in HTTP on a trial. What the release
holds in the file `fault` goes wrong: `load`, `answer`, and the same but not on a trial: `service`,
`service-answer`. Or a line is logged: `no-application`, `visitor`. Or the service takes its time: it computes
as it is loaded, `slow-load`, or before the first answer of a worker, `busy`; or it waits there, `idle`.

After unbit/uwsgi 2.0.28: the lines of `no-application`, plugins/python/wsgi_handlers.c uwsgi_request_wsgi, and
`visitor`, core/logging.c log_request; a reason not to load, plugins/python/pyloader.c init_uwsgi_app, core/uwsgi.c
uwsgi_start; strict mode, core/config.c; signals of a master, core/master.c and core/master_events.c; its reload,
core/master_utils.c uwsgi_reload; the answer of its protocol, which is HTTP's, proto/uwsgi.c.
"""
import json
import os
import re
import signal
import socket
import struct
import sys
import time

ROOT, INI = sys.argv[1], sys.argv[3]

LOGGED = {
    "no-application": "--- no python application found, check your startup logs for errors ---",
    "visitor": "[pid: 7|app: 0|req: 1/1] 192.0.2.7 () {34 vars in 409 bytes} [Sat Nov 28 10:00:00 2026] "
    "GET /?--- no python application found => generated 5 bytes in 1 msecs (HTTP/1.1 200) "
    "3 headers in 120 bytes (1 switches on core 0)",
}


def read_options(file):
    found = {}
    with open(file) as text:
        for line in text:
            name, is_option, value = line.partition("=")
            if is_option and not line.startswith("#"):
                value = re.sub(r"@\(exec://readlink -f (.*)\)", resolved, value.strip())
                found.setdefault(name.strip(), []).append(value)
    return found


def resolved(match):
    return os.path.realpath(below_root(match.group(1)))


def below_root(path):
    return path if path.startswith(ROOT) else ROOT + path


def compute():
    start = time.process_time()
    while time.process_time() - start < 6:
        pass


def serve(listener, answer):
    while True:
        connection, _ = listener.accept()
        connection.settimeout(2)
        try:
            answer(connection)
        except OSError:
            pass
        connection.close()


def main():
    options = read_options(INI if INI.startswith(ROOT) or INI.startswith("/tmp/") else ROOT + INI)
    on_trial = "http-socket" in options
    if "max-request" in options:
        sys.exit("[strict-mode] unknown config directive: max-request")
    for pair in options.get("env", []):
        name, _, value = pair.partition("=")
        os.environ[name] = value
    release = options["chdir"][0]
    with open(ROOT + "/loads", "a") as log:
        seen = {"trial": on_trial, "release": os.path.basename(release), "environment": dict(os.environ)}
        log.write(json.dumps(dict(seen, options=options)) + "\n")
    fault = ""
    if os.path.exists(release + "/fault"):
        with open(release + "/fault") as file:
            fault = file.read().strip()
    if not on_trial and fault in LOGGED:
        print(LOGGED[fault], flush=True)
    if fault == "load" or (fault == "service" and not on_trial):
        wsgi = options.get("wsgi-file", ["wsgi.py"])[0]
        print(
            "Traceback (most recent call last):\n"
            '  File "%s", line 3, in <module>\n'
            "    application = get_wsgi_application()\n"
            "RuntimeError: out of order\n"
            "unable to load app 0 (mountpoint='') (callable not found or import error)\n"
            "*** no app loaded. GAME OVER ***" % wsgi,
            file=sys.stderr,
        )
        # UWSGI_FAILED_APP_CODE
        sys.exit(22)
    if fault == "slow-load" and not on_trial and "no-server" not in options:
        compute()
    is_out_of_order = fault == "answer" or (fault == "service-answer" and not on_trial)
    if "no-server" in options:
        sys.exit()
    status = "500 Internal Server Error" if is_out_of_order else "200 OK"
    head = "HTTP/1.1 %s\r\nX-Tracks-Release: %s\r\n\r\n" % (status, os.path.basename(release))

    def answer_http(connection):
        connection.recv(65536)
        connection.sendall(head.encode() + b"tried")

    def answer_uwsgi(connection):
        _, size, _ = struct.unpack("<BHB", connection.recv(4))
        connection.recv(size)
        if fault == "busy":
            compute()
        if fault == "idle":
            time.sleep(600)
        connection.sendall(head.encode() + b"served")

    if on_trial:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(options["http-socket"][0])
        listener.listen(5)
        serve(listener, answer_http)
    host, port = options["socket"][0].split(":")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(port)))
    listener.listen(20)
    signals = [signal.SIGHUP, signal.SIGTERM, signal.SIGINT]
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    workers = []
    for _ in range(int(options["processes"][0])):
        pid = os.fork()
        if pid == 0:
            serve(listener, answer_uwsgi)
        workers.append(pid)
    pid_file = below_root(options["pidfile"][0])
    with open(pid_file + ".new", "w") as file:
        file.write("%d\n" % os.getpid())
    os.rename(pid_file + ".new", pid_file)
    received = signal.sigwait(signals)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    # To SIGTERM it loads itself again, unless it is told otherwise.
    if received == signal.SIGHUP or (received == signal.SIGTERM and "die-on-term" not in options):
        # The environment is handed on, as by the real one.
        os.execv(os.readlink("/proc/self/exe"), [ROOT + "/counted/uwsgi", "-I"] + sys.argv)
    os.remove(pid_file)


main()
