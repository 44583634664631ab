import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Of the packages, what every page needs; named where a package also holds what only some pages do.
const PACKAGES = [
  "react",
  "react-dom",
  "scheduler",
  "use-sync-external-store",
  "@emotion",
  "stylis",
  "@tanstack",
  "i18next",
  "react-i18next",
  "openapi-fetch",
  "@mui/(system|utils|styled-engine|private-theming)",
  "@mui/material/(styles|utils|zero-styled|SvgIcon|Paper|Alert|AlertTitle|Button|ButtonBase|Card|CardContent|Typography|Box|Stack)",
];
const SELDOM = "(?!.*(infiniteQuery|InfiniteQuery|queriesObserver|useQueries|useRovingTabIndex|system/.*Grid))";
const FRAME = new RegExp(`^${SELDOM}.*node_modules/(${PACKAGES.join("|")})/`);
// Of the console's own, what every first page brings along.
const FIRST = /src\/(main|app\/(router|Dead|places)|features\/\w+\/search|lib\/(?!events)|components\/(Failure|Empty|Notices|Page|reason)\.)/;
// What stands around every page of who is signed in, and what the first of them shows.
const INSIDE = /src\/(app\/(Shell|AccountMenu|Guarded|Navigation|signInAgain)|components\/(Fetched|Icon|Progress)\.)/;
const OVERVIEW = /src\/app\/(tour|overview\/(?!Hospital|Consortium))/;
const GROUPS = [
  { name: "frame", test: FRAME, priority: 3 },
  { name: "first", test: FIRST, priority: 2 },
  { name: "inside", test: INSIDE, priority: 1 },
  { name: "overview", test: OVERVIEW, priority: 1 },
];
// They do nothing by being there, and nothing here uses them; they do not say so themselves.
const UNUSED = /node_modules\/(hoist-non-react-statics|react-is)\//;

// The gateway serves what is built from inside its own package, so a wheel holds it.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/fedcare/gateway/page",
    emptyOutDir: true,
    // Small files stay files: the content security policy knows no inline ones.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    // What every page stands on is a few files, which compress better than fifty small ones; one of them changes seldom.
    rolldownOptions: {
      treeshake: { moduleSideEffects: [{ test: UNUSED, sideEffects: false }] },
      output: { codeSplitting: { groups: GROUPS } },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
