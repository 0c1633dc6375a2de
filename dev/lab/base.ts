import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rm, stat, utimes } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "./folders";
import { makeOnce } from "../toolchain/once";
import { eachLine, type OnProgress } from "../toolchain/progress";
import { wheelFolder, writeWayOut } from "./seed";

/** Files that a base is built from; its key depends on every byte of them. */
const RECIPE = join(__dirname, "recipe");
/** The Debian release that is made to look like Enterprise Linux 9: both have systemd 252, OpenSSH 9. */
const RELEASE = "bookworm";
const MMDEBSTRAP = [
  "--mode=root",
  "--variant=minbase",
  // Without Debian's default cluster, which nobody needs and which takes 3 s.
  `--essential-hook=mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"`,
  // The initial file system of a virtual machine: only what finds its disk, configured before the kernel is installed.
  `--essential-hook=mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d" && echo MODULES=list >"$1/etc/initramfs-tools/conf.d/lab" && printf "virtio_pci\\nvirtio_blk\\n" >"$1/usr/share/initramfs-tools/modules.d/lab"`,
  ...["man", "doc", "locale"].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`),
];
/** Age after which an unused base of another recipe is removed. */
const KEEP_UNUSED_MS = 14 * 24 * 3600_000;

interface BuildOptions {
  onProgress?: OnProgress;
  /** When aborted, the build ends and leaves nothing. */
  signal?: AbortSignal;
}

/**
 * Read-only root tree below the overlay of every host; built (about a minute) unless the cache has
 * one for the present recipe.
 *
 * @returns absolute path of the tree
 * @throws when a step of the build fails, with its last lines; nothing incomplete stays
 */
export async function ensureBase(options: BuildOptions = {}): Promise<string> {
  const base = join(cacheFolder(), "lab", `el9-${await recipeKey()}`);
  await makeOnce(base, options.onProgress ?? (() => undefined), async (unfinished) => {
    await removeUnused(dirname(base));
    await buildBase(unfinished, options);
  });
  // The time of the folder says when it was last used.
  await utimes(base, new Date(), new Date());
  return join(base, "root");
}

async function buildBase(folder: string, options: BuildOptions): Promise<void> {
  const root = join(folder, "root");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const packages = (await readFile(join(RECIPE, "debian-packages"), "utf8"))
    .replaceAll("ARCH", process.arch === "x64" ? "amd64" : process.arch)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  options.onProgress?.(`building a base from ${packages.length} Debian packages`);
  const include = `--include=${packages.join(",")}`;
  await step("mmdebstrap", [...MMDEBSTRAP, include, RELEASE, root], options);
  await cp(RECIPE, join(root, "usr/lib/lab/recipe"), { recursive: true });
  await writeWayOut(join(root, "etc"));
  const wheels = join(root, wheelFolder);
  const cached = await wheelCache();
  if (existsSync(cached)) await cp(cached, wheels, { recursive: true });
  await step(
    "systemd-nspawn",
    [
      "--quiet",
      "--register=no",
      "--keep-unit",
      "--pipe",
      "--resolv-conf=off",
      "--timezone=off",
      `--directory=${root}`,
      "/bin/bash",
      "/usr/lib/lab/recipe/build.sh",
    ],
    options,
  );
  if (!existsSync(wheels)) return;
  await makeOnce(
    cached,
    () => undefined,
    (unfinished) => cp(wheels, unfinished, { recursive: true }),
  );
}

/** Compiled wheels are kept longer than the base that they were compiled in: one folder of the cache per list. */
async function wheelCache(): Promise<string> {
  const list = await readFile(join(RECIPE, "wheels"));
  const key = createHash("sha256").update(RELEASE).update(list).digest("hex").slice(0, 16);
  return join(cacheFolder(), "lab", `wheels-${key}`);
}

/**
 * Runs one command of the build, and reports the steps that it names.
 *
 * It has separate namespaces, and is killed with its children when this process dies: no mount of
 * the machine stays in a tree that somebody may then remove.
 */
async function step(command: string, args: string[], options: BuildOptions): Promise<void> {
  const { onProgress, signal } = options;
  const result = await execa(
    "setpriv",
    [
      "--pdeathsig=KILL",
      ...["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"],
      ...[command, ...args],
    ],
    {
      stdin: "ignore",
      // The recipe prints its steps to stdout; mmdebstrap prints lines that begin with I: to stderr.
      stdout: eachLine((line) => onProgress?.(line)),
      stderr: eachLine((line) => {
        if (/^I: (downloading|extracting|installing)/.test(line))
          onProgress?.(line.slice("I: ".length));
      }),
      cancelSignal: signal,
      killSignal: "SIGKILL",
      reject: false,
    },
  );
  signal?.throwIfAborted();
  if (result.failed) {
    const words = result.stderr.trim().split("\n").slice(-12).join("\n");
    throw new Error(`building the lab's base failed in ${command}:\n${words}`);
  }
}

/** Digest of the recipe's paths, modes and bytes, and of mmdebstrap's options. */
async function recipeKey(): Promise<string> {
  const files = (await readdir(RECIPE, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256").update(JSON.stringify([RELEASE, MMDEBSTRAP]));
  for (const file of files) {
    const { mode } = await stat(file);
    hash.update(`${relative(RECIPE, file)}\0${mode & 0o111 ? "x" : "-"}\0`);
    hash.update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Removes bases of other recipes that were not used for long, and their broken builds. */
async function removeUnused(bases: string): Promise<void> {
  for (const entry of await readdir(bases, { withFileTypes: true })) {
    // A lock stays: somebody may hold it.
    if (!entry.name.startsWith("el9-") || !entry.isDirectory()) continue;
    const folder = join(bases, entry.name);
    const unused = Date.now() - (await stat(folder)).mtimeMs;
    if (unused > KEEP_UNUSED_MS) await rm(folder, { recursive: true, force: true });
  }
}
