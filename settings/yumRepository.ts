import { z } from "zod";
import { integer, resourceUrl, text, url, type Value, yesOrNo } from "./value";

/** One yum repository, as it is written in the configuration. */
export interface YumRepositorySetting {
  id: string;
  name?: string | undefined;
  baseurl?: string | undefined;
  mirrorlist?: string | undefined;
  metalink?: string | undefined;
  enabled?: boolean | undefined;
  gpgcheck?: boolean | undefined;
  gpgkey?: string | undefined;
  priority?: number | undefined;
  moduleHotfixes?: boolean | undefined;
  proxy?: string | undefined;
}

const allowed =
  "an object of `id`, exactly one of `baseurl`, `mirrorlist` and `metalink`, and if wanted `name`, `enabled`, `gpgcheck`, `gpgkey`, `priority`, `moduleHotfixes`, `proxy`";

const id = text("letters, digits, `.`, `_`, `:` and `-`", /^[A-Za-z0-9][A-Za-z0-9._:-]*$/);
const name = text("one line of text", /^\P{Cc}+$/u);

const repository: z.ZodType<YumRepositorySetting> = z
  .strictObject(
    {
      id: id.schema,
      name: name.schema.optional(),
      baseurl: resourceUrl.schema.optional(),
      mirrorlist: resourceUrl.schema.optional(),
      metalink: resourceUrl.schema.optional(),
      enabled: yesOrNo.schema.optional(),
      gpgcheck: yesOrNo.schema.optional(),
      gpgkey: resourceUrl.schema.optional(),
      priority: integer("a number", 1, 99).schema.optional(),
      moduleHotfixes: yesOrNo.schema.optional(),
      proxy: url.schema.optional(),
    },
    { error: allowed },
  )
  .refine(
    ({ baseurl, mirrorlist, metalink }) =>
      [baseurl, mirrorlist, metalink].filter((source) => source !== undefined).length === 1,
    { error: "exactly one of `baseurl`, `mirrorlist` and `metalink`" },
  );

export const yumRepository: Value<YumRepositorySetting> = {
  type: "object",
  allowed,
  encoding: "json",
  schema: repository,
};
