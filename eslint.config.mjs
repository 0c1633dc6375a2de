import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules/", "dist/", ".lab/", "reports/"] },
  {
    files: ["**/*.ts"],
    extends: [eslint.configs.recommended, ...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Numbers in messages (ports, seconds, counts) read best as they are.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "no-restricted-imports": ["error", { name: "node:child_process", message: "Use execa." }],
    },
  },
  {
    // Programs of somebody's own: they know the installed package, and here nothing is installed for them.
    files: ["examples/**/*.ts"],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { "no-restricted-imports": ["error", { patterns: ["../*"] }] },
  },
);
