// compress.mjs DIR: writes FILE.br and FILE.gz beside every file of DIR that gains by it. What is compressed already
// with the same content (its hash is kept in DIR/../../build/compressed) is copied, since brotli 11 of the wasm takes
// half a minute.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dir = process.argv[2];
// A lower quality is for those who only want to look at the page.
const quality = Number(process.env.BROTLI ?? 11);
const cache = join("build", "compressed");
mkdirSync(cache, { recursive: true });
const worth = new Set([".wasm", ".image", ".js", ".mjs", ".css", ".html", ".json", ".svg", ".md", ".yaml"]);

function files(d) {
  return readdirSync(d, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? files(join(d, e.name)) : [join(d, e.name)],
  );
}

for (const file of files(dir)) {
  if (!worth.has(extname(file)) || statSync(file).size < 1024) continue;
  const data = readFileSync(file);
  const hash = createHash("sha256").update(data).digest("hex");
  for (const [ext, compress] of [
    [".br", (b) => brotliCompressSync(b, { params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: b.length,
    } })],
    [".gz", (b) => gzipSync(b, { level: 9 })],
  ]) {
    const kept = join(cache, hash + (ext === ".br" ? "." + quality : "") + ext);
    if (!existsSync(kept)) writeFileSync(kept, compress(data));
    copyFileSync(kept, file + ext);
  }
}
