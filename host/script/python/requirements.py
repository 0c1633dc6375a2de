"""Reads requirements as pip reads them, and finds everything that decides which packages they install.

The name of the virtualenv depends on that, so this must see whatever pip sees: included files, in whatever
encoding, and what is installed from the release itself. Precedes virtualenv.py.
"""
from __future__ import print_function

import codecs
import io
import optparse
import os
import re
import shlex
import sys

# The same as pip's, in the same order.
BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
]
COMMENT = re.compile(r"(^|\s+)#.*$")
REMOTE = re.compile(r"(?i)(?!file:)([a-z][a-z0-9+.-]*://|(git|hg|svn|bzr)\+)")
ARCHIVE = re.compile(r"(?i)\.(whl|zip|tar|tar\.gz|tgz|tar\.bz2|tbz|tar\.xz|txz|tar\.lz|tlz|tar\.lzma)$")
# Django needs one of these for PostgreSQL.
DRIVERS = {"psycopg2", "psycopg2-binary", "psycopg2cffi", "psycopg"}


class Fault(Exception):
    """Reason why the virtualenv can't be built, for the application's author."""


class LineOptions(optparse.OptionParser):
    """Options of a line. All that pip has, since it accepts unambiguous abbreviations."""

    def __init__(self):
        optparse.OptionParser.__init__(self, add_help_option=False)
        for names in (
            ("-r", "--requirement"),
            ("-c", "--constraint"),
            ("-e", "--editable"),
            ("-f", "--find-links"),
            ("-i", "--index-url", "--pypi-url"),
            ("--extra-index-url",),
            ("--hash",),
            ("--no-binary",),
            ("--only-binary",),
            ("--trusted-host",),
            ("--use-feature",),
            ("--global-option",),
            ("--install-option",),
            ("-C", "--config-settings"),
        ):
            self.add_option(*names, action="append", default=[])
        for names in (
            ("--no-index",),
            ("--pre",),
            ("--prefer-binary",),
            ("--require-hashes",),
            ("-Z", "--always-unzip"),
            ("--process-dependency-links",),
        ):
            self.add_option(*names, action="store_true", default=False)

    def error(self, message):
        raise ValueError(message)


def decoded(name, content):
    try:
        for bom, encoding in BOMS:
            if content.startswith(bom):
                return content[len(bom) :].decode(encoding)
        for line in content.split(b"\n")[:2]:
            match = re.search(br"coding[:=]\s*([-\w.]+)", line)
            if line.startswith(b"#") and match:
                return content.decode(match.group(1).decode("ascii"))
        return content.decode("utf-8")
    except (UnicodeDecodeError, LookupError) as error:
        raise Fault("%s can't be read as text (%s): save it as UTF-8" % (name, error))


def logical_lines(text):
    """Lines without comments; a line that ends with a backslash continues on the next."""
    whole = ""
    for line in text.splitlines() + [""]:
        comment = COMMENT.match(line)
        if line.endswith("\\") and not comment:
            whole += line.strip("\\")
            continue
        whole = COMMENT.sub("", whole + (" " if comment else "") + line).strip()
        if whole:
            yield re.sub(r"\$\{([A-Z0-9_]+)\}", lambda name: os.getenv(name.group(1)) or name.group(0), whole)
        whole = ""


def split_line(line):
    """Requirement and options of a line."""
    words = line.split(" ")
    at = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    text = " ".join(words[at:])
    try:
        if sys.version_info[0] == 2:
            rest = [word.decode("utf-8") for word in shlex.split(text.encode("utf-8"))]
        else:
            rest = shlex.split(text)
        options = LineOptions().parse_args(rest)[0]
    except ValueError:
        # pip reports what it doesn't understand.
        options = LineOptions().parse_args([])[0]
    return " ".join(words[:at]), options


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirement):
    """Normalized name of what a requirement installs, by the egg or file name of a URL; or ''."""
    match = re.search(r"[#&]egg=([\w.-]+)", requirement)
    if not match and not re.match(r"[\w.-]+\s*(\[[^\]]*\])?\s*@", requirement):
        match = re.search(r"(?:^|/)([A-Za-z0-9][\w.]*(?:-[A-Za-z_][\w.]*)*)-\d[^/]*$", requirement)
    match = match or re.match(r"([A-Za-z0-9][\w.-]*)", requirement)
    return normalized(match.group(1)) if match else ""


def local_path(requirement, editable):
    """Path on this host that a requirement installs from, as written; None for a name or a URL."""
    direct = re.match(r"[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*(.*)$", requirement)
    place = direct.group(1) if direct else requirement
    if REMOTE.match(place):
        return None
    place = re.sub(r"\s*;.*$", "", place).strip()
    place = re.sub(r"(\[[^\]]*\])?(#.*)?$", "", place)
    if place.lower().startswith("file:"):
        # After two slashes comes the name of a host, which is this one.
        return re.sub(r"(?i)^//(localhost)?(?=/)", "", place[5:])
    if editable or direct or place.startswith(".") or os.sep in place or ARCHIVE.search(place):
        return place
    return None


class Requirements(object):
    """Everything that a requirements file of the release asks for, with the files that it includes."""

    def __init__(self, name, extra):
        self.files = {}
        # Normalized names in requirements, and in constraints.
        self.names = set(named(requirement) for requirement in extra)
        self.constrained = set()
        # Lines that say where packages come from, for what is installed in addition.
        self.sources = []
        # Files, and folders of archives, whose content counts.
        self.archives = set()
        # Is a folder of the release installed? Its build may read any file.
        self.installs_source = False
        # Is a hash required of everything?
        self.hashed = False
        self._seen = set()
        self._read(os.path.normpath(name), (), False)

    def _read(self, name, including, constraint):
        if name in including:
            raise Fault("%s includes itself: %s" % (name, " -> ".join(including + (name,))))
        if (name, constraint) in self._seen:
            return
        self._seen.add((name, constraint))
        try:
            with io.open(name, "rb") as file:
                self.files[name] = file.read()
        except (IOError, OSError) as error:
            by = ", which %s includes," % including[-1] if including else ""
            raise Fault("%s%s can't be read: %s" % (name, by, error.strerror))
        for line in logical_lines(decoded(name, self.files[name])):
            self._take(name, line, including, constraint)

    def _take(self, name, line, including, constraint):
        requirement, options = split_line(line)
        self.hashed = self.hashed or options.require_hashes or bool(requirement and options.hash)
        if requirement or options.editable:
            (self.constrained if constraint else self.names).add(named(requirement or options.editable[0]))
            self._install(name, line, requirement or options.editable[0], not requirement)
            return
        for included in (options.requirement + options.constraint)[:1]:
            nested = constraint or not options.requirement
            if REMOTE.match(included):
                self.sources += [line] if nested else []
                return
            path = self._within(name, line, os.path.join(os.path.dirname(name), included))
            self._read(path, including + (name,), nested)
            self.sources += [option("--constraint", path)] if nested else []
            return
        self._look_in(name, line, options)

    def _look_in(self, name, line, options):
        """Adds a line that says where to look for packages."""
        is_local = False
        for place in options.find_links[:1] + options.index_url + options.extra_index_url:
            if REMOTE.match(place):
                continue
            is_local = True
            path = os.path.join(os.path.dirname(name), place)
            path = self._within(name, line, path if os.path.exists(path) else place)
            self._depend_on(path)
            if options.find_links:
                self.sources.append(option("--find-links", path))
        if not is_local:
            self.sources.append(line)

    def _install(self, name, line, requirement, editable):
        place = local_path(requirement, editable)
        if place is None:
            return
        path = self._within(name, line, place)
        if os.path.isfile(path):
            self._depend_on(path)
        else:
            self.installs_source = True

    def _depend_on(self, path):
        if path == ".":
            self.installs_source = True
        else:
            self.archives.add(path)

    def _within(self, name, line, path):
        """Path within the release: a change of a file elsewhere would go unnoticed."""
        here = os.path.realpath(".") + os.sep
        if path.lower().startswith("file:") or not (os.path.realpath(path) + os.sep).startswith(here):
            raise Fault(
                "%s: %s leads out of the source: copy what it names into the source, and write its path"
                " there" % (name, without_password(line))
            )
        return os.path.normpath(path)

    def add_to(self, digest):
        """Adds what decides the result, except what the name of the release stands for."""
        for name in sorted(self.files):
            add_content(digest, name, self.files[name])
        for top in sorted(self.archives):
            for path in files_below(top):
                with io.open(path, "rb") as file:
                    add_content(digest, path, file.read())


def option(name, value):
    return "%s '%s'" % (name, os.path.abspath(value).replace("'", "'\\''"))


def add_content(digest, name, content):
    if not isinstance(name, bytes):
        name = name.encode("utf-8") if sys.version_info[0] == 2 else os.fsencode(name)
    digest.update(b"\0" + name + ("\0%d\0" % len(content)).encode("ascii") + content)


def files_below(path):
    if not os.path.isdir(path):
        return [path]
    found = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        found += [os.path.join(folder, file) for file in sorted(files)]
    return [file for file in found if os.path.isfile(file)]


def without_password(text):
    """Text without the logins in its URLs; a password may have an @ or a slash in it."""
    return re.sub(r"(://)(?:[^/\s@:]*:(?!\d*(?:[/\s]|$))\S*|[^/\s]*)@", r"\1****@", text)
