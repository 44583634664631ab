import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

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
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
