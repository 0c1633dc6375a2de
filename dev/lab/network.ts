import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { removeControlGroups } from "./controlGroups";
import { currentBoot, identify, isAlive, type ProcessIdentity } from "./process";
import { withLock } from "../toolchain/lock";

/**
 * Hosts of all checkouts on this machine share one bridge and one private /24; each has a slot,
 * whose number is in its address, network namespace and interface.
 * The slots in use are recorded under /run, so that a reboot of the machine clears them.
 */
const STATE = "/run/tracks-lab";
const BRIDGE = "trackslab";
const TABLE = "tracks_lab";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";
/** The lab uses the first of these /24 into which this machine has no route. */
const CANDIDATES = Array.from({ length: 40 }, (_, index) => `10.213.${77 + index}`);

/**
 * Connection of a host: `pair`, an interface eth0 in the slot's network namespace; `tap`, an interface that a
 * virtual machine opens on this side. Both have the slot's number and are attached to the bridge.
 */
export type Wire = "pair" | "tap";

/** Address and interface of one host in the lab's network. */
export interface Slot {
  /** Last byte of the address, 2 to 254. */
  number: number;
  address: string;
  gateway: string;
  /** Name of the network namespace, as `ip netns` shows it. */
  netns: string;
  /** The interface on the bridge. */
  outer: string;
  /**
   * Depends on the number too: this machine caches for a minute which one an address had, and
   * would send packets to the slot's former host.
   */
  hardwareAddress: string;
}

interface SlotRecord {
  /** Folder of the host that the slot belongs to. */
  folder: string;
  /** Process that holds it: first the one that creates the host, then the host's supervisor. */
  holder: ProcessIdentity;
}

interface Network {
  /** The first three bytes. */
  prefix: string;
  /** Value of ip_forward before the first host. */
  forwardingBefore: string;
}

const exclusively = <T>(work: () => Promise<T>): Promise<T> => withLock(join(STATE, "lock"), work);
/** Runs a program that may fail because there is nothing to do. */
const attempt = execa({ reject: false });
const recordFile = (number: number): string => join(STATE, "slots", `${number}.json`);

/**
 * Gives the host in `folder` a slot with a wire, and a route to the network through this machine. Creates the
 * bridge for the first host.
 */
export function claimSlot(folder: string, wire: Wire): Promise<Slot> {
  return exclusively(async () => {
    await mkdir(join(STATE, "slots"), { recursive: true });
    await releaseAbandoned();
    const network = await ensureNetwork();
    const taken = new Set((await readSlots()).keys());
    const number = Array.from({ length: 253 }, (_, index) => index + 2).find((n) => !taken.has(n));
    if (number === undefined) {
      throw new Error("253 lab hosts are running; remove one: npm run lab -- down NAME");
    }
    await writeRecord(number, { folder, holder: await identify(process.pid) });
    const slot = slotOf(network, number);
    await connect(slot, wire);
    return slot;
  });
}

/** From now on the slot is in use as long as `holder` lives. */
export function handOver(slot: Slot, folder: string, holder: ProcessIdentity): Promise<void> {
  return exclusively(() => writeRecord(slot.number, { folder, holder }));
}

/** Frees the slots of the host in `folder`; removes the bridge with the last slot. */
export function releaseSlots(folder: string): Promise<void> {
  return exclusively(async () => {
    for (const [number, record] of await readSlots()) {
      if (record.folder === folder) await disconnect(number);
    }
    if ((await readSlots()).size === 0) await removeNetwork();
  });
}

async function readSlots(): Promise<Map<number, SlotRecord>> {
  const slots = new Map<number, SlotRecord>();
  for (const file of await readdir(join(STATE, "slots")).catch(() => [])) {
    const text = await readFile(join(STATE, "slots", file), "utf8");
    slots.set(Number.parseInt(file, 10), JSON.parse(text) as SlotRecord);
  }
  return slots;
}

async function writeRecord(number: number, record: SlotRecord): Promise<void> {
  await writeFile(recordFile(number), JSON.stringify(record));
}

/** Frees the slots of hosts that were killed from outside, or while they were created. */
async function releaseAbandoned(): Promise<void> {
  for (const [number, { holder }] of await readSlots()) {
    if (!(await isAlive(holder))) await disconnect(number);
  }
}

function slotOf(network: Network, number: number): Slot {
  return {
    number,
    address: `${network.prefix}.${number}`,
    gateway: `${network.prefix}.1`,
    netns: `tracks-lab-${number}`,
    outer: `trklab${number}`,
    hardwareAddress: `02:74:6c:61:62:${number.toString(16).padStart(2, "0")}`,
  };
}

/** Commands of `ip` that give the host its address and default route, in its network namespace. */
export function addressCommands({ address, gateway }: Slot): string[] {
  return [
    "link set lo up",
    `addr add ${address}/24 dev eth0`,
    "link set eth0 up",
    `route add default via ${gateway}`,
  ];
}

async function connect(slot: Slot, wire: Wire): Promise<void> {
  const { netns, outer, hardwareAddress } = slot;
  await execa("ip", ["netns", "add", netns]);
  if (wire === "tap") {
    await ip([`tuntap add dev ${outer} mode tap`, `link set ${outer} master ${BRIDGE} up`]);
    return;
  }
  // One call for all of it: a fresh host should take a second, and each process costs some ms.
  await ip([
    `link add ${outer} type veth peer name eth0 address ${hardwareAddress} netns ${netns}`,
    `link set ${outer} master ${BRIDGE} up`,
  ]);
  await ip(addressCommands(slot), netns);
}

async function disconnect(number: number): Promise<void> {
  await attempt("ip", ["link", "del", `trklab${number}`]);
  await attempt("ip", ["netns", "del", `tracks-lab-${number}`]);
  await removeControlGroups(`tracks-lab-${number}`);
  await rm(recordFile(number), { force: true });
}

async function ensureNetwork(): Promise<Network> {
  const file = join(STATE, "network.json");
  const exists = await attempt("ip", ["link", "show", BRIDGE]);
  if (!exists.failed) return JSON.parse(await readFile(file, "utf8")) as Network;
  const prefix = await freePrefix();
  const forwardingBefore = (await readFile(FORWARDING, "utf8")).trim();
  const network = { prefix, forwardingBefore };
  await writeFile(file, JSON.stringify({ ...network, bootId: await currentBoot() }));
  await ip([
    `link add ${BRIDGE} type bridge`,
    `addr add ${prefix}.1/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ]);
  await writeFile(FORWARDING, "1\n");
  const rules = `
    table ip ${TABLE} {
      chain out {
        type nat hook postrouting priority srcnat
        ip saddr ${prefix}.0/24 ip daddr != ${prefix}.0/24 masquerade
      }
    }
  `;
  await execa("nft", ["-f", "-"], { input: rules });
  return network;
}

async function removeNetwork(): Promise<void> {
  await attempt("nft", ["delete", "table", "ip", TABLE]);
  await attempt("ip", ["link", "del", BRIDGE]);
  const text = await readFile(join(STATE, "network.json"), "utf8").catch(() => undefined);
  if (text !== undefined) {
    await writeFile(FORWARDING, `${(JSON.parse(text) as Network).forwardingBefore}\n`);
  }
  await rm(join(STATE, "network.json"), { force: true });
}

async function freePrefix(): Promise<string> {
  for (const prefix of CANDIDATES) {
    const inside = await execa("ip", ["-4", "route", "show", "root", `${prefix}.0/24`]);
    const around = await execa("ip", ["-4", "route", "show", "match", `${prefix}.0/24`]);
    const specific = around.stdout
      .split("\n")
      .filter((line) => line && !line.startsWith("default"));
    if (inside.stdout === "" && specific.length === 0) return prefix;
  }
  throw new Error(
    `the lab needs one of the 40 /24 networks from ${CANDIDATES[0] ?? ""}.0/24 on, and this machine has routes into all of them; remove one of these routes`,
  );
}

/** Runs several `ip` commands at once, in this namespace or another. */
async function ip(commands: string[], netns?: string): Promise<void> {
  const where = netns === undefined ? [] : ["-n", netns];
  await execa("ip", [...where, "-batch", "-"], { input: commands.join("\n") + "\n" });
}
