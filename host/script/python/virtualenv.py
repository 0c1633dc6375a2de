"""Finds or builds the virtualenv of the release in the working directory.

usage: find|build DIRECTORY REQUIREMENTS DATABASE [EXTRA-REQUIREMENT...]

Its name is a digest of its input: the interpreter, everything that the requirements depend on, what is
installed in addition. So equal input shares one virtualenv, and other input builds another next to it, at its
final path, since a virtualenv can't be moved. The last line printed is "built NAME", "present NAME" or
"absent NAME".

DATABASE is "postgresql" where Django needs a driver for it, else "none". A driver in the requirements is
used; without one, psycopg2 is installed last, and changes no other package.
"""
import ctypes
import hashlib
import json
import shutil
import subprocess
import tempfile

MARK = ".tracks-virtualenv"
# Newest version of virtualenv that still runs on, and makes environments for, Python 2.7 and 3.6.
VIRTUALENV = "virtualenv==20.15.1"
BUILD = ".build-"
# Whole output of the last failure, readable by its owner only: a URL with a password may be in it.
LOG = "failed-pip.log"

HASHED_DRIVERS = """\
psycopg2==2.9.10; python_version >= "3.8" --hash=sha256:12ec0b40b0273f95296233e8750441339298e6a572f7039da5b260e3c8b60e11
psycopg2==2.9.6; python_version < "3.8" --hash=sha256:f15158418fd826831b28585e2ab48ed8df2d0d98f502a2b4fe619e7d5ca29011"""


def check_hashes(requirements, asked, database, extra):
    """In hash mode pip accepts nothing without a hash, and what we add has none."""
    if not asked.hashed:
        return
    if extra:
        raise Fault(
            "%s pins its packages by hash, which DjangoApp.extraRequirements can't: move %s to that file, with hashes"
            % (requirements, ", ".join(extra))
        )
    if database == "postgresql" and not asked.names & DRIVERS:
        raise Fault(
            "%s pins its packages by hash and has no driver for PostgreSQL. Add these lines (for Django before 3.1,"
            " a version below 2.9):\n%s" % (requirements, HASHED_DRIVERS)
        )


def digest(asked, database, extra):
    python = [os.path.realpath(sys.executable), "%d.%d" % sys.version_info[:2]]
    # The path of a release stands for its content.
    parts = python + [database] + extra + ([os.getcwd()] if asked.installs_source else [])
    sum = hashlib.sha256("\0".join(parts).encode("utf-8"))
    asked.add_to(sum)
    return sum.hexdigest()[:12]


def run(log, *command):
    """Runs a command. When it fails, raises the reason, and writes the whole output to the log."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = without_password(process.communicate()[0].decode("utf-8", "replace"))
    if process.returncode != 0:
        if os.path.lexists(log):
            os.remove(log)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(output.encode("utf-8"))
        words = reason(output) or ["%s failed without a message" % command[0]]
        raise Fault("\n".join(words + ["the whole output is in %s on the host" % log]))


# What pip draws around other programs' output, and what it says about itself.
FRAME = u" \t\u2502\u2570\u2500>\xd7"
NOISE = re.compile(r"(?i)(note|hint|warning|deprecation|\[notice\]|looking in links)\b|command .* failed with error|$")
BEGIN = re.compile(r"Complete output |\[\d+ lines? of output\]$")
END = re.compile(r"-{20,}$|\[end of output\]$")
WORK = re.compile(r"(?:Collecting|Processing|Obtaining|Building wheel for|Running setup\.py \w+ for) (\S+)")
CAUSE = re.compile(r"(?i)error|exception|not found|no such file|can't|cannot|could not|required")


def reason(output):
    """Package that fails, and the few lines that say why."""
    lines = [line.strip(FRAME)[:200] for line in without_tracebacks(output.splitlines())]
    said, package, inside = [], "", False
    for line in lines:
        if BEGIN.match(line):
            said, inside = [], True
        elif END.match(line):
            inside = False
        elif inside:
            said.append(line)
        elif not said and WORK.match(line):
            package = WORK.match(line).group(1)
    is_framed = bool(said)
    said = [line for line in said or lines if line and not NOISE.match(line)]
    causes = [at for at, line in enumerate(said) if CAUSE.search(line)][-3:]
    told = [said[at] for at in sorted(set(causes + list(range(len(said)))[-3:]))]
    return (["pip can't install %s:" % package] if package and is_framed else []) + told


def without_tracebacks(lines):
    """Lines without tracebacks, which only the author of a program needs."""
    inside = None
    for line in lines:
        indent = len(line) - len(line.lstrip(FRAME))
        if line.lstrip(FRAME).startswith("Traceback (most recent call last)"):
            inside = indent
        elif inside is None or indent <= inside:
            inside = None
            yield line


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


def make(path, log):
    if can_import("venv", "ensurepip"):
        run(log, sys.executable, "-m", "venv", path)
        return
    if not can_import("virtualenv"):
        run(log, sys.executable, "-m", "pip", "install", "-q", "--user", VIRTUALENV)
    run(log, sys.executable, "-m", "virtualenv", "-q", path)


def installed(pip):
    """Versions of all that is installed, by normalized name."""
    with open(os.devnull, "w") as nowhere:
        listed = subprocess.check_output(pip + ["list", "--format=json"], stderr=nowhere)
    return dict((normalized(one["name"]), one["version"]) for one in json.loads(listed.decode("utf-8")))


def missing(asked, found, database):
    """Packages that the site needs in addition to the application's own."""
    added = []
    if database == "postgresql" and not DRIVERS & set(found):
        version = tuple(int(part) for part in re.findall(r"\d+", found.get("django", "")))[:2]
        # Django before 3.1 does not accept psycopg2 2.9's time zone as UTC.
        is_old = version and version < (3, 1) and "psycopg2" not in asked.constrained
        added.append("psycopg2<2.9" if is_old else "psycopg2")
    if sys.version_info[0] == 2 and not asked.hashed and "pysqlite" not in found:
        # Without PRODUCTION, the dev settings use sqlite.
        added.append("pysqlite")
    return added


def settle():
    """Flushes to the disk: otherwise, after a power cut, the mark might be there and files of packages empty."""
    # Python 2 has no os.sync.
    ctypes.CDLL(None).sync()


def build(path, requirements, asked, database, extra):
    directory = os.path.dirname(path)
    log = os.path.join(directory, LOG)
    os.environ.update(pip_settings())
    if os.path.lexists(path):
        shutil.rmtree(path)
    # Builds run here rather than in /tmp, which may be mounted noexec, or be full.
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        if name.startswith(BUILD):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
    if not os.path.isdir(directory):
        os.makedirs(directory)
    temporary = tempfile.mkdtemp(prefix=BUILD, dir=directory)
    os.environ["TMPDIR"] = temporary
    try:
        make(path, log)
        pip = [os.path.join(path, "bin", "python"), "-m", "pip", "--disable-pip-version-check"]
        install = pip + ["install", "--no-input", "--progress-bar", "off"]
        run(log, *(install + ["-r", requirements] + extra))
        added = missing(asked, installed(pip), database)
        if added:
            # From the same sources as the application's packages, and within its constraints.
            sources = os.path.join(path, ".tracks-sources.txt")
            with os.fdopen(os.open(sources, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write("".join(line + "\n" for line in asked.sources).encode("utf-8"))
            run(log, *(install + ["--no-deps", "-r", sources] + added))
            os.remove(sources)
        settle()
        with open(os.path.join(path, MARK), "w") as mark:
            mark.write("complete\n")
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if os.path.lexists(log):
        os.remove(log)


def main(verb, directory, requirements, database, *extra):
    extra = list(extra)
    asked = Requirements(requirements, extra)
    check_hashes(requirements, asked, database, extra)
    name = digest(asked, database, extra)
    path = os.path.join(directory, name)
    if os.path.isfile(os.path.join(path, MARK)):
        print("present " + name)
    elif verb == "find":
        print("absent " + name)
    else:
        build(path, requirements, asked, database, extra)
        print("built " + name)


try:
    main(*sys.argv[1:])
except Fault as fault:
    getattr(sys.stderr, "buffer", sys.stderr).write((u"%s\n" % fault.args[0]).encode("utf-8"))
    raise SystemExit(1)
