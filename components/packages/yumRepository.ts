import { z } from "zod";
import { integer, text, type Value, yesOrNo } from "../../host/manifest/value";
import { resourceUrl, url } from "../../host/manifest/values";
import type { YumRepository } from "../../templates/yum";

const allowed =
  "an object of `id`, exactly one of `baseurl`, `mirrorlist` and `metalink`, and if wanted `name`, `enabled`, `gpgcheck`, `gpgkey`, `priority`, `moduleHotfixes`, `proxy`";

const id = text("letters, digits, `.`, `_`, `:` and `-`", /^[A-Za-z0-9][A-Za-z0-9._:-]*$/);
const name = text("one line of text", /^\P{Cc}+$/u);

const repository: z.ZodType<YumRepository> = z
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

/** A repository as a `.repo` file has it, with its fields in camel case. */
export const yumRepository: Value<YumRepository> = {
  type: "object",
  allowed,
  encoding: "json",
  schema: repository,
};
