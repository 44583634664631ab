import hooks from "eslint-plugin-react-hooks";
import { globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

// Imports go one way: what is shared (lib, components), then features, then app. No feature imports another.
const ways = (files, forbidden, message) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [{ group: forbidden, message }] }] },
});

export default tseslint.config(
  globalIgnores(["node_modules", "src/api-client/schema.d.ts"]),
  { files: ["**/*.{ts,tsx}"], extends: [tseslint.configs.strictTypeChecked, hooks.configs.flat.recommended] },
  {
    files: ["**/*.{ts,tsx}"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/only-throw-error": "off", // The router's redirects are thrown.
    },
  },
  ways(["src/lib/**", "src/components/**"], ["**/features/**", "**/app/**"], "What is shared knows no feature."),
  ways(["src/features/**"], ["**/app/**", "../../*/**/features/**"], "A feature knows neither the app nor another feature."),
);
