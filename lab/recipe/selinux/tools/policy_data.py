"""The data behind the SELinux tools: rules, booleans and ports, and the labels of files."""

import fcntl
import os
import re
import stat
import sys

POLICY = "/etc/selinux/targeted"
FILE_CONTEXTS = f"{POLICY}/contexts/files/file_contexts"
FILE_CONTEXTS_LOCAL = f"{FILE_CONTEXTS}.local"
BOOLEANS = f"{POLICY}/booleans"
BOOLEANS_LOCAL = f"{POLICY}/booleans.local"
BOOLEANS_NOW = "/run/selinux/booleans"
PORTS = f"{POLICY}/ports"
PORTS_LOCAL = f"{POLICY}/ports.local"
TYPES = f"{POLICY}/types"
LABEL = "security.selinux"

KINDS = {
    "": "all files",
    "--": "regular file",
    "-d": "directory",
    "-l": "symbolic link",
    "-s": "socket",
    "-p": "named pipe",
    "-c": "character device",
    "-b": "block device",
}
KIND_OF_MODE = {
    stat.S_IFREG: "--",
    stat.S_IFDIR: "-d",
    stat.S_IFLNK: "-l",
    stat.S_IFSOCK: "-s",
    stat.S_IFIFO: "-p",
    stat.S_IFCHR: "-c",
    stat.S_IFBLK: "-b",
}


def fail(message, status=1):
    print(message, file=sys.stderr)
    sys.exit(status)


def need_root(program):
    if os.geteuid() != 0:
        fail(f"{program}: you must be root to run this program")


def lock():
    """Waits for whoever is changing the policy; held until this program ends, as by libsemanage."""
    os.makedirs("/run/selinux", exist_ok=True)
    file = os.open("/run/selinux/transaction.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        return []


def write_lines(path, lines):
    """In one step: the interposed library may be reading."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    os.rename(f"{path}.new", path)


def parse_rule(line):
    """A rule as (pattern, kind, type)."""
    parts = line.split()
    kind = parts[1] if len(parts) == 3 else ""
    return parts[0], kind, type_in(parts[-1])


def type_in(context):
    parts = context.split(":")
    return parts[2] if len(parts) > 2 else context


def fixed_part(pattern):
    match = re.search(r"[.^$?*+|\[({\\]", pattern.replace(r"\.", "@"))
    return match.start() if match else len(pattern) + 1


def local_rules():
    return [parse_rule(line) for line in lines_of(FILE_CONTEXTS_LOCAL)]


def policy_rules():
    return [parse_rule(line) for line in lines_of(FILE_CONTEXTS)]


class Rules:
    """All rules, in the order in which the first match counts."""

    def __init__(self):
        policy = sorted(policy_rules(), key=lambda rule: fixed_part(rule[0]))
        # Local rules stand last in libselinux's list, and the last match wins.
        ordered = (policy + local_rules())[::-1]
        self.rules = [(re.compile(pattern), kind, type_) for pattern, kind, type_ in ordered]

    def type_for(self, path, mode=None):
        kind = KIND_OF_MODE[stat.S_IFMT(mode)] if mode else ""
        for pattern, wanted, type_ in self.rules:
            if wanted and kind and wanted != kind:
                continue
            if pattern.fullmatch(path):
                return None if type_ == "<<none>>" else type_
        return None


def known_types():
    rules = policy_rules() + local_rules()
    return {type_ for _, _, type_ in rules} | set(lines_of(TYPES))


def context_of(path):
    """The label of what stands at path, its own or what its directory gives it."""
    return os.getxattr(path, LABEL, follow_symlinks=False).rstrip(b"\0").decode()


def set_context(path, context):
    os.setxattr(path, LABEL, context.encode(), follow_symlinks=False)


def booleans(now=True):
    """Every boolean's value; what is in force, or what the next boot brings."""
    values = {}
    for file in (BOOLEANS, BOOLEANS_LOCAL) + ((BOOLEANS_NOW,) if now else ()):
        for line in lines_of(file):
            name, value = line.split("=")
            values[name] = value == "1"
    return values


def enforcing():
    """Enforcing or Permissive; Disabled as the configuration says."""
    now = lines_of("/run/selinux/enforce")
    if now:
        return "Enforcing" if now[0] == "1" else "Permissive"
    for line in lines_of("/etc/selinux/config"):
        if line.startswith("SELINUX="):
            return line.split("=")[1].strip().capitalize()
    return "Disabled"
