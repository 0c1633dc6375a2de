import { render } from "./render";

/** One yum repository; field names are yum's own, in camel case. */
export interface YumRepository {
  /** Name of the section and of the file, such as `nginx-stable`. */
  id: string;
  /** What yum prints for it. @default the id */
  name?: string;
  /** Exactly one of `baseurl`, `mirrorlist` and `metalink` is given. */
  baseurl?: string;
  mirrorlist?: string;
  metalink?: string;
  /** @default true */
  enabled?: boolean;
  /** Signatures are checked. @default true */
  gpgcheck?: boolean;
  /** URL of the key that signs the packages. */
  gpgkey?: string;
  /** 1 (first) to 99; yum's own default is 99. */
  priority?: number;
  /** Prefers the repository's packages to those of module streams: nginx.org needs it on EL 8 and 9. */
  moduleHotfixes?: boolean;
  /** Proxy of this repository alone, as a URL. */
  proxy?: string;
}

/** The text of one `.repo` file. */
export function renderYumRepository(program: string, repository: YumRepository): string {
  const flag = (value: boolean | undefined): string | undefined =>
    value === undefined ? undefined : value ? "1" : "0";
  const settings = Object.entries({
    baseurl: repository.baseurl,
    mirrorlist: repository.mirrorlist,
    metalink: repository.metalink,
    enabled: flag(repository.enabled ?? true),
    gpgcheck: flag(repository.gpgcheck ?? true),
    gpgkey: repository.gpgkey,
    priority: repository.priority?.toString(),
    module_hotfixes: flag(repository.moduleHotfixes),
    proxy: repository.proxy,
  }).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
  return render("yum/repository.repo.hbs", {
    program,
    id: repository.id,
    name: repository.name ?? repository.id,
    settings,
  });
}

/** The text of /etc/pip.conf, or undefined where the program sets nothing for pip. */
export function renderPipConfiguration(
  program: string,
  pip: {
  indexUrl?: string;
  proxy?: string;
  trustedHost?: string;
},
): string | undefined {
  const settings = Object.entries({
    "index-url": pip.indexUrl,
    proxy: pip.proxy,
    "trusted-host": pip.trustedHost,
  }).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
  if (settings.length === 0) return undefined;
  return render("yum/pip.conf.hbs", { program, settings });
}
