import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isLabHost, requireLabHost } from "../protocol/labHosts";

/** Seconds that the owner of a tunnel may take to connect to the lab host. */
const patience = 10;
const checked = new Map<string, Promise<void>>();

/**
 * Fails on every server that is not reached through a lab host.
 *
 * On loopback it is the local end of a tunnel, and the address says nothing. So this looks at the process
 * that listens there while a connection to it is open: it must have connections to lab
 * hosts, and to no other host. Whatever is behind the tunnel is then reached from a lab
 * host. Once for each port; where that can't be seen (no /proc) there is no lab either.
 */
export function requireLabServer(host: string, port: number): Promise<void> {
  const where = `${host}:${port}`;
  const check = checked.get(where) ?? checkServer(host, port);
  checked.set(where, check);
  // A tunnel that does not exist yet may exist for the next resource.
  check.catch(() => checked.delete(where));
  return check;
}

async function checkServer(host: string, port: number): Promise<void> {
  if (host !== "127.0.0.1") {
    requireLabHost(host, "postgresql");
    return;
  }
  const socket = await open(host, port);
  try {
    const end = Date.now() + patience * 1000;
    for (;;) {
      const peers = peersOfListener(port);
      const stranger = peers.find((peer) => !isLabHost(peer));
      if (stranger !== undefined) requireLabHost(stranger, "postgresql");
      if (peers.length > 0) return;
      if (Date.now() > end || socket.destroyed)
        throw new Error(
          `the stand-in of the postgresql provider connects to lab hosts only, and what listens on 127.0.0.1:${port} leads to none`,
        );
      await sleep(20);
    }
  } finally {
    socket.destroy();
  }
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "ECONNREFUSED" ? "connection refused" : error.message;
      reject(new Error(`dial tcp ${host}:${port}: connect: ${reason}`));
    });
  });
}

/** TCP socket of this machine as the kernel lists it. */
interface Listed {
  inode: string;
  local: { address: string; port: number };
  remote: { address: string; port: number };
  state: "listening" | "established" | "other";
}

/** Addresses outside this machine to which the process behind a listening port is connected. */
function peersOfListener(port: number): string[] {
  const sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(listSockets);
  const listener = sockets.find(
    ({ state, local }) => state === "listening" && local.port === port,
  )?.inode;
  if (listener === undefined) return [];
  const own = inodesBeside(listener);
  const peers = sockets
    .filter(({ state, inode }) => state === "established" && own.has(inode))
    .map(({ remote }) => remote.address)
    .filter((address) => !address.startsWith("127.") && address !== "::1");
  return [...new Set(peers)];
}

function listSockets(file: string): Listed[] {
  return readFileSync(file, "latin1")
    .split("\n")
    .slice(1)
    .flatMap((line): Listed[] => {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || inode === undefined) return [];
      const named = state === "0A" ? "listening" : state === "01" ? "established" : "other";
      return [{ inode, local: endpoint(local), remote: endpoint(remote), state: named }];
    });
}

/** `0100007F:1F90` is 127.0.0.1:8080: each 32 bits are in the machine's byte order. */
function endpoint(listed: string): { address: string; port: number } {
  const [hex = "", port = ""] = listed.split(":");
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16)),
  );
  const v4 = bytes.length === 4 || /^0{16}FFFF0000/.test(hex);
  const address = v4
    ? bytes.slice(-4).join(".")
    : hex === `${"0".repeat(24)}01000000`
      ? "::1"
      : hex;
  return { address, port: parseInt(port, 16) };
}

/** Sockets of every process that has the given one. */
function inodesBeside(listener: string): Set<string> {
  const all = new Set<string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const inodes = inodesOf(pid);
    if (inodes.includes(listener)) for (const inode of inodes) all.add(inode);
  }
  return all;
}

function inodesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    // The process has ended, or belongs to another user.
    return [];
  }
}
