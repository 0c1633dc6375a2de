import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/**
 * Leaves texts for people as they are: a test that holds each word of an error would only repeat it.
 * What has no blank between words is data (a file mode, a key, a path), and is mutated.
 */
const texts = {
  shouldIgnore({ node }) {
    const text =
      node.type === "StringLiteral"
        ? node.value
        : node.type === "TemplateLiteral"
          ? node.quasis.map(({ value }) => value.raw).join("x")
          : "";
    return /\w[,:;]? +\w.*\w[,:;]? +\w/.test(text) ? "a text for people" : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "texts", texts)];
