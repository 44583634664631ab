// Beside each file of text that was built, the same compressed: the gateway hands that out and compresses nothing itself.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";

const page = new URL("../../src/fedcare/gateway/page/", import.meta.url).pathname;
for (const entry of readdirSync(page, { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && /\.(js|css|html|svg|json)$/.test(entry.name)) {
    const path = join(entry.parentPath, entry.name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
  }
}
