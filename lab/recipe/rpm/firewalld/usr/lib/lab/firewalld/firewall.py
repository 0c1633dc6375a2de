"""The zone public, permanent and in force, and the kernel's rules made from it."""

import os
import subprocess
import xml.etree.ElementTree as xml

VENDOR = "/usr/lib/firewalld/zones/public.xml"
PERMANENT = "/etc/firewalld/zones/public.xml"
# It exists while firewalld runs.
RUNTIME = "/run/firewalld/public.xml"
NFT = "/usr/lib/lab/hidden/bin/nft"
TABLE = "inet firewalld"

SERVICES = {
    "cockpit": ["9090/tcp"],
    "dhcpv6-client": ["546/udp"],
    "dns": ["53/tcp", "53/udp"],
    "ftp": ["21/tcp"],
    "http": ["80/tcp"],
    "http3": ["443/udp"],
    "https": ["443/tcp"],
    "mdns": ["5353/udp"],
    "mysql": ["3306/tcp"],
    "ntp": ["123/udp"],
    "postgresql": ["5432/tcp"],
    "redis": ["6379/tcp"],
    "smtp": ["25/tcp"],
    "ssh": ["22/tcp"],
    "squid": ["3128/tcp"],
}


class Zone:
    """What a zone lets in: names of services, and ports as `80/tcp` or `8000-8010/tcp`."""

    def __init__(self, services, ports):
        self.services = services
        self.ports = ports

    @classmethod
    def read(cls, path):
        root = xml.parse(path).getroot()
        services = [each.get("name") for each in root.iter("service")]
        ports = [f"{each.get('port')}/{each.get('protocol')}" for each in root.iter("port")]
        return cls(services, ports)

    @classmethod
    def permanent(cls):
        return cls.read(PERMANENT if os.path.exists(PERMANENT) else VENDOR)

    @classmethod
    def runtime(cls):
        return cls.read(RUNTIME)

    def write(self, path):
        root = xml.Element("zone")
        xml.SubElement(root, "short").text = "Public"
        description = "For use in public areas. Only selected incoming connections are accepted."
        xml.SubElement(root, "description").text = description
        for name in self.services:
            xml.SubElement(root, "service", name=name)
        for entry in self.ports:
            port, protocol = entry.split("/")
            xml.SubElement(root, "port", port=port, protocol=protocol)
        xml.SubElement(root, "forward")
        xml.indent(root)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "wb") as file:
            file.write(b'<?xml version="1.0" encoding="utf-8"?>\n')
            file.write(xml.tostring(root) + b"\n")
        os.rename(f"{path}.new", path)

    def enforce(self):
        """Puts the zone in force, in one transaction of the kernel."""
        entries = set(self.ports)
        for name in self.services:
            entries.update(SERVICES.get(name, []))
        accept = [
            f"{entry.split('/')[1]} dport {entry.split('/')[0]} accept" for entry in sorted(entries)
        ]
        rules = [
            "type filter hook input priority filter + 10; policy accept;",
            "ct state established,related accept",
            'iifname "lo" accept',
            "meta l4proto { icmp, ipv6-icmp } accept",
            *accept,
            "reject with icmpx admin-prohibited",
        ]
        nft(f"table {TABLE}\ndelete table {TABLE}\n"
            f"table {TABLE} {{\nchain filter_INPUT {{\n" + "\n".join(rules) + "\n}\n}\n")
        self.write(RUNTIME)


def running():
    return os.path.exists(RUNTIME)


def stop():
    nft(f"table {TABLE}\ndelete table {TABLE}\n")
    os.remove(RUNTIME)


def nft(rules):
    subprocess.run([NFT, "-f", "-"], input=rules, text=True, check=True)
