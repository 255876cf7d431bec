// Builds the page into web/dist: node build.mjs [--watch]. The wasm and the lessons are added by web/pack.
import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");
process.chdir(here);

const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
const wasmExec = ["lib/wasm", "misc/wasm"].map((dir) => path.join(goroot, dir, "wasm_exec.js")).find(existsSync);
if (!wasmExec) throw new Error(`no wasm_exec.js below ${goroot}`);

const common = {
  bundle: true,
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  target: "es2023",
  logLevel: "warning",
  loader: { ".css": "text" },
  alias: { "go-wasm-exec": wasmExec },
};

/** Each entry point is one file of a stable name: other sites link to them. */
const builds = [
  { entryPoints: ["src/terrarium.ts"], outfile: "dist/terrarium.js", format: "esm" },
  { entryPoints: ["src/editor/editor.ts"], outfile: "dist/terrarium-editor.js", format: "esm" },
  { entryPoints: ["src/worker.ts"], outfile: "dist/terrarium-worker.js", format: "iife" },
  { entryPoints: ["src/page/page.ts"], outfile: "dist/page.js", format: "esm" },
].map((b) => ({ ...common, ...b }));

const fonts = {
  "figtree.woff2": "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",
  "fraunces.woff2": "@fontsource-variable/fraunces/files/fraunces-latin-wght-normal.woff2",
  "jetbrains-mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};

async function copyStatic() {
  for (const file of ["index.html", "icon.svg"]) await cp(`src/page/${file}`, `dist/${file}`);
  const css = await esbuild.transform(await readFile("src/page/page.css", "utf8"), { loader: "css", minify: true, target: "es2023" });
  await writeFile("dist/page.css", css.code);
  await mkdir("dist/fonts", { recursive: true });
  for (const [name, file] of Object.entries(fonts)) await cp(`node_modules/${file}`, `dist/fonts/${name}`);
}

await mkdir(dist, { recursive: true });
for (const b of builds) await rm(b.outfile, { force: true });
/** The types of the public module, for sites that are written in TypeScript. */
async function types() {
  await promisify(execFile)(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."]);
  await writeFile("dist/terrarium.d.ts", 'export * from "./types/terrarium.js";\n');
}

await Promise.all([types(), ...builds.map((b) => esbuild.build(b)), copyStatic()]);

if (process.argv.includes("--watch")) {
  for (const b of builds) await (await esbuild.context(b)).watch();
  console.log("watching");
}
