"""pip's settings on this host, without those that say where and how something is installed.

The host decides where packages come from (index, proxy, certificates, find-links, no-index ...); we
decide where they go. A variable can't unset a `target` or `prefix` in a file, and the pip that
pip itself starts for a build reads the files again: so no pip reads them, and the rest becomes variables.
"""
import io
import os
import sys

# Settings that would install elsewhere, not at all, or something else.
OURS = set(
    "user target prefix root home src editable python isolated log"
    " require-virtualenv require-venv dry-run report quiet verbose no-input"
    " upgrade upgrade-strategy force-reinstall ignore-installed no-deps no-dependencies".split()
)


def pip_files():
    """The files that pip reads. Later ones win; that of the virtualenv comes last."""
    root = os.environ.get("TRACKS_ROOT", "")
    home = os.path.expanduser("~")
    return [
        root + "/etc/xdg/pip/pip.conf",
        root + "/etc/pip.conf",
        os.path.join(home, ".pip/pip.conf"),
        os.path.join(home, ".config/pip/pip.conf"),
        os.path.join(sys.prefix, "pip.conf"),
    ]


def pip_sections():
    try:
        from configparser import Error, RawConfigParser
    except ImportError:
        from ConfigParser import Error, RawConfigParser
    for name in pip_files():
        if not os.path.isfile(name):
            continue
        parser = RawConfigParser()
        try:
            with io.open(name, encoding="utf-8-sig") as file:
                getattr(parser, "read_file", getattr(parser, "readfp", None))(file)
        except (Error, ValueError, EnvironmentError) as error:
            # The text of a parser's error has the line in it, which may have a password.
            kind = getattr(error, "strerror", None) or type(error).__name__
            raise SystemExit("pip's settings in %s can't be read (%s): correct that file" % (name, kind))
        for section in ("global", "install"):
            if parser.has_section(section):
                yield section, parser.items(section)


def pip_settings():
    """Variables that every pip of ours is started with."""
    if os.environ.get("PIP_CONFIG_FILE") == os.devnull:
        return {}
    found = {"global": {}, "install": {}}
    for section, items in pip_sections():
        for key, value in items:
            key = key.lower().replace("_", "-").lstrip("-")
            if key not in OURS:
                found[section][key] = value
    settings = dict(found["global"], **found["install"])
    variables = dict(("PIP_" + key.upper().replace("-", "_"), value) for key, value in settings.items())
    return dict(variables, PIP_CONFIG_FILE=os.devnull)


def run_pip(words):
    """Becomes the pip of this interpreter."""
    os.environ.update(pip_settings())
    os.execv(sys.executable, [sys.executable, "-m", "pip"] + words)
