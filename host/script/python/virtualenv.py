"""Finds or builds the virtualenv of the release in the working directory.

usage: find|build DIRECTORY REQUIREMENTS [EXTRA-REQUIREMENT...]

Its name is a digest of what goes in: the interpreter, every requirements file, what is installed
besides. So the same needs share one, and a change makes another beside it, at its final path, since a
virtualenv can't be moved. The last line printed is "built NAME", "present NAME" or "absent NAME".
"""
from __future__ import print_function

import hashlib
import os
import re
import shutil
import subprocess
import sys

MARK = ".tracks-virtualenv"
# Newest virtualenv that still runs on, and makes environments for, Python 2.7 and 3.6.
VIRTUALENV = "virtualenv==20.15.1"


def requirement_files(name, seen):
    """The file and those that it names, each once."""
    name = os.path.normpath(name)
    if name in seen:
        return
    with open(name, "rb") as file:
        content = file.read()
    seen[name] = content
    for line in content.decode("utf-8", "replace").splitlines():
        match = re.match(r"\s*(?:-r|-c|--requirement|--constraint)[\s=]*([^\s#]+)", line)
        if match and "://" not in match.group(1):
            requirement_files(os.path.join(os.path.dirname(name), match.group(1)), seen)


def names_the_tree(content):
    """Does it install something from the release itself, which goes when the release goes?"""
    text = content.decode("utf-8", "replace")
    return re.search(r"(?m)^\s*(-e|--editable|\.|/|file:)|@\s*file:", text) is not None


def digest(requirements, extra):
    files = {}
    requirement_files(requirements, files)
    parts = ["python%d.%d" % sys.version_info[:2]] + extra
    if any(names_the_tree(content) for content in files.values()):
        parts.append(os.getcwd())
    sum = hashlib.sha256("\0".join(parts).encode("utf-8"))
    for name in sorted(files):
        sum.update(b"\0" + name.encode("utf-8") + b"\0" + files[name])
    return sum.hexdigest()[:12]


def run(*command):
    """Runs a command; its last lines are the reason when it fails."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.communicate()[0].decode("utf-8", "replace")
    if process.returncode != 0:
        lines = [line for line in output.splitlines() if line.strip()]
        raise SystemExit("\n".join(lines[-8:]) or "%s failed without a word" % command[0])


def can_import(*modules):
    return all(
        subprocess.call(
            [sys.executable, "-c", "import " + module],
            stdout=open(os.devnull, "w"),
            stderr=subprocess.STDOUT,
        )
        == 0
        for module in modules
    )


def make(path):
    if can_import("venv", "ensurepip"):
        run(sys.executable, "-m", "venv", path)
        return
    if not can_import("virtualenv"):
        run(sys.executable, "-m", "pip", "install", "-q", "--user", VIRTUALENV)
    run(sys.executable, "-m", "virtualenv", "-q", path)


def build(path, requirements, extra):
    if os.path.lexists(path):
        shutil.rmtree(path)
    try:
        make(path)
        install = [os.path.join(path, "bin", "python"), "-m", "pip", "install", "-q"]
        install += ["--disable-pip-version-check", "--no-input"]
        if sys.version_info[0] == 2:
            # Debugging without PRODUCTION uses sqlite, as the notes have it.
            extra = extra + ["pysqlite"]
        run(*(install + ["-r", requirements] + extra))
        with open(os.path.join(path, MARK), "w") as mark:
            mark.write("complete\n")
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def main(verb, directory, requirements, *extra):
    name = digest(requirements, list(extra))
    path = os.path.join(directory, name)
    if os.path.isfile(os.path.join(path, MARK)):
        print("present " + name)
    elif verb == "find":
        print("absent " + name)
    else:
        build(path, requirements, list(extra))
        print("built " + name)


main(*sys.argv[1:])
