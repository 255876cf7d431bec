// node freeze.mjs WASM DIST: puts the wasm into DIST, in two modules (split.mjs), beside it terrarium.image, an image of the
// program's memory with the default cluster come up, and beside each lesson.json one with the lesson's cluster
// (cluster.image), so that a page need not wait for that. See src/thaw.ts.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { appended, assembled, named, readUnsigned, sectionIDs, sections, unsigned } from "./module.mjs";
import { slim } from "./slim.mjs";
import { marking, split } from "./split.mjs";

const buildSection = "terrarium.build";
const globalPrefix = "global";
/** What stands in memory otherwise than in a fresh one is taken as one piece up to so many bytes that do not. */
const gap = 64;
/** The instant at which every program is frozen. */
const start = 1.8e12;

const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
const wasmExec = readFileSync(["lib/wasm", "misc/wasm"].map((d) => path.join(goroot, d, "wasm_exec.js")).find(existsSync), "utf8");

/** The module with every global exported and its build written into it. */
function open(wasm) {
  const all = sections(wasm);
  const section = (id) => all.find((s) => s[0] === id);
  const globals = readUnsigned(section(sectionIDs.global)[1], 0)[0];
  const build = createHash("sha256").update(wasm).digest("hex");
  const exports = section(sectionIDs.export);
  for (let i = 0; i < globals; i++) exports[1] = appended(exports[1], Buffer.concat([named(globalPrefix + i), Buffer.from([3]), unsigned(i)]));
  all.push([sectionIDs.custom, Buffer.concat([named(buildSection), Buffer.from(build)])]);
  return { bytes: assembled(all), build, globals };
}

/**
 * A global object as a worker of a page has it, as far as the program looks. Its clock and its randomness are always the
 * same, so that the same wasm gives the same image: time passes where `pass` skips to the next timer.
 */
function scope() {
  let random = 1;
  const crypto = {
    getRandomValues(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = (random = (random * 48271) % 2147483647) & 0xff;
      return bytes;
    },
  };
  let elapsed = 0;
  const now = () => (elapsed += context.look);
  class Date {
    static now = () => start + now();
    getTime = () => start + now();
  }
  const timers = new Map();
  let lastTimer = 0;
  const setTimeout = (f, ms = 0) => (timers.set(++lastTimer, { at: elapsed + ms, f }), lastTimer);
  const clearTimeout = (id) => timers.delete(id);
  const context = vm.createContext({
    WebAssembly, console, TextEncoder, TextDecoder, performance: { now }, crypto, Date, setTimeout, clearTimeout,
    fetch() {}, Headers, Request, Response, AbortController, URL,
  });
  vm.runInContext(wasmExec, context);
  context.pass = () => {
    const [id, timer] = [...timers].reduce((a, b) => (b[1].at < a[1].at ? b : a), [0, { at: Infinity }]);
    if (!id) return;
    timers.delete(id);
    elapsed = Math.max(elapsed, timer.at);
    timer.f();
  };
  context.look = 0.001; // how long it takes to look at the clock, in milliseconds
  context.said = "";
  context.fs.writeSync = (_fd, bytes) => ((context.said += Buffer.from(bytes).toString()), bytes.length);
  return context;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets the program run, time included, until `done`. */
async function until(context, done) {
  for (let i = 0; !done(); i++) {
    if (context.ended || i > 3000) throw new Error(`the program does not go on: ${context.said}`);
    for (let k = 0; k < 3; k++) await turn();
    if (!done()) context.pass();
  }
}

/** Runs the program up to a prepared session. With `marked`, garbage is overwritten with a mark when it is collected. */
async function prepare(module, options, marked) {
  const context = scope();
  const go = vm.runInContext("new Go()", context);
  go.env = { GODEBUG: `clobberfree=${Number(marked)}` };
  go.importObject.more = { load() {} };
  const funcs = new Map();
  const make = go._makeFuncWrapper.bind(go);
  go._makeFuncWrapper = (id) => {
    const made = make(id);
    funcs.set(made, id);
    return made;
  };
  const frames = [];
  context.terrariumTurn = (done) => setImmediate(done);
  context.terrariumSend = (type, id, json, bytes) => frames.push({ type, id, json, bytes });
  const instance = await WebAssembly.instantiate(module, go.importObject);
  const end = () => (context.ended = true);
  go.run(instance).then(end, end);
  await until(context, () => frames.some((f) => f.type === "hello"));
  context.terrariumReceive("prepare", 1, options, undefined);
  await until(context, () => frames.some((f) => f.id === 1));
  const answer = frames.find((f) => f.id === 1);
  if (answer.type !== "ok") throw new Error(answer.json);
  for (let k = 0; k < 10; k++) await turn();
  return { context, go, funcs, frames, instance };
}

/** The header of an image of a prepared session, its memory, and that of a fresh one. */
async function freeze(module, opened, options, marked) {
  const { context, go, funcs, instance } = await prepare(module, options, marked);
  const memory = Buffer.from(instance.exports.mem.buffer);
  const fresh = Buffer.alloc(memory.length);
  Buffer.from((await WebAssembly.instantiate(module, go.importObject)).exports.mem.buffer).copy(fresh);
  const header = {
    build: opened.build,
    size: memory.length,
    globals: Object.fromEntries(Array.from({ length: opened.globals }, (_, i) => [globalPrefix + i, String(instance.exports[globalPrefix + i].value)])),
    values: go._values.slice(7).map((v, i) => hint(v, go._ids.get(v) === i + 7 || typeof v === "object", funcs, context)),
    refs: go._goRefCounts.map((n) => (n === Infinity ? -1 : n)),
    free: go._idPool,
    timeouts: { next: go._nextCallbackTimeoutID, ids: [...go._scheduledTimeouts.keys()] },
    receive: funcs.get(context.terrariumReceive),
    nano: (start + 60_000) * 1e6,
  };
  return { header, memory, fresh };
}

/** What Go's runtime writes over garbage with clobberfree=1. */
const mark = 0xdeadbeef;

/**
 * Zeroes the garbage of a program's memory, two thirds of it: what is marked in the memory of one that ran in the very
 * same way. Go zeroes an object when it allocates it, whatever stood there.
 */
function clear(memory, marked) {
  if (memory.length !== marked.length) throw new Error("the program did not run twice in the same way");
  let different = 0;
  for (let at = 0; at < memory.length; at += 4) {
    const word = marked.readUInt32LE(at);
    if (word === mark) memory.writeUInt32LE(0, at);
    else if (word !== memory.readUInt32LE(at)) different++;
  }
  // Rests of marks remain where small objects share a place, and the setting itself.
  if (different > memory.length / 10_000) throw new Error(`the program did not run twice in the same way: ${different} words differ`);
}

/** What has changed in memory: how far on, how long, and the bytes. */
function changes(memory, fresh) {
  const out = [];
  for (let at = 0, last = 0; at < memory.length; ) {
    if (memory[at] === fresh[at]) {
      at++;
      continue;
    }
    let end = at + 1;
    for (let i = end, same = 0; i < memory.length && same < gap; i++) {
      if (memory[i] === fresh[i]) same++;
      else [same, end] = [0, i + 1];
    }
    out.push(unsigned(at - last), unsigned(end - at), memory.subarray(at, end));
    at = last = end;
  }
  return out;
}

/** How the page finds the value again: null where there is none. */
function hint(value, held, funcs, context) {
  if (value === null || value === undefined || !held) return null;
  if (funcs.has(value)) return { func: funcs.get(value) };
  if (typeof value === "string") return value.length > 100 ? { lost: true } : { text: value };
  for (const name of Object.getOwnPropertyNames(context)) {
    if (context[name] === value) return { path: [name] };
  }
  const intrinsics = vm.runInContext("globalThis", context);
  for (const name of ["Object", "Array", "Uint8Array", "Function", "Error", "Promise", "Date", ...Object.getOwnPropertyNames(intrinsics)]) {
    if (intrinsics[name] === value) return { path: [name] };
  }
  for (const outer of ["fs", "process", "path", "crypto"]) {
    for (const name of Object.getOwnPropertyNames(context[outer] ?? {})) {
      if (context[outer][name] === value) return { path: [outer, name] };
    }
  }
  return { lost: true };
}

/** Freezes the program with what `options` ask for, into a file. */
async function write(file, options) {
  const json = JSON.stringify({ ...options, cols: 100, rows: 30 });
  const { header, memory, fresh } = await freeze(module, opened, json, false);
  clear(memory, (await freeze(module, opened, json, true)).memory);
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const image = Buffer.concat([length, head, ...changes(memory, fresh)]);
  writeFileSync(file, image);
  console.log(`${path.relative(dist, file)}: ${(image.length / 1e6).toFixed(1)} MB`);
}

const escaped = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

function lessons(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? lessons(path.join(dir, e.name)) : e.name === "lesson.json" ? [path.join(dir, e.name)] : [],
  );
}

/** The numbers of the functions that run while a learner's first commands do, and of the runtime's that ever ran. */
async function early({ bytes, names, unused }, options) {
  const { context, frames, instance } = await prepare(await WebAssembly.compile(marking(bytes, unused)), options, false);
  const { Uint8Array } = vm.runInContext("globalThis", context);
  const receive = (type, id, data, bytes) => context.terrariumReceive(type, id, data && JSON.stringify(data), bytes);
  const marks = () => Buffer.from(instance.exports.mem.buffer, unused, names.length);
  const first = new Set();
  names.forEach((name, i) => marks()[i] && /^(runtime\.|internal\/)/.test(name) && first.add(i));
  marks().fill(0);

  let shown = "";
  const draw = () => {
    for (const f of frames.splice(0)) {
      if (f.type !== "output") continue;
      shown += Buffer.from(f.bytes).toString();
      receive("drawn", 0, { bytes: f.bytes.length });
    }
    return shown;
  };
  const prompted = (text) => text.replace(/\x1b\[[^a-zA-Z]*[a-zA-Z]|\r/g, "").endsWith("$ ");
  context.terrariumReceive("open", 2, options, undefined);
  await until(context, () => prompted(draw()));
  receive("resize", 0, { cols: 90, rows: 28 });
  for (const line of firstLines) {
    if (line !== firstLines[0]) context.look = 5; // a machine on which all takes long
    for (const key of (line + "\r").match(/\x1b\[.|[^]/g)) {
      receive("input", 0, undefined, Uint8Array.from(Buffer.from(key)));
      for (let k = 0; k < 3; k++) await turn();
    }
    const begun = shown.length;
    await until(context, () => prompted(draw().slice(begun)));
    for (let k = 0; k < 200; k++) await turn(), context.pass();
  }
  names.forEach((_, i) => marks()[i] && first.add(i));
  console.log(`${first.size} of ${names.length} functions run first`);
  return first;
}

/** What a learner may begin with, typos, Tab, arrows, Ctrl-C and Ctrl-R included. */
const firstLines = [
  "kubectl get nodes", "kubectl get pods", "ls", "kubectl gte pods", "kubec\tget nod\tnode0\t1", "kubectl get pods -A -o widd\x7fe",
  "\x1b[A\x1b[A\x1b[B\x1b[D\x1b[C", "\x12gte", "oops\x03", "kubectl version", "kubectl describe node node01", "kubectl get pods nosuch",
  "pwd; echo $HOME | cat", "cat nosuch", "nosuch", "clear",
];

const [wasmFile, dist] = process.argv.slice(2);
const slimmed = slim(readFileSync(wasmFile));
const opened = open(slimmed.bytes);
const module = await WebAssembly.compile(opened.bytes);
await write(path.join(dist, "terrarium.image"), {});
for (const file of lessons(path.join(dist, "lessons"))) {
  const lesson = JSON.parse(readFileSync(file, "utf8"));
  await write(path.join(path.dirname(file), "cluster.image"), { lesson: lesson.files });
  writeFileSync(file, JSON.stringify({ ...lesson, image: "cluster.image" }));
}

// The page of the first lesson asks for its files, and has its title, before anything has told it to.
const index = JSON.parse(readFileSync(path.join(dist, "lessons/index.json"), "utf8"));
const { src: first = "", title = "Lessons" } = index.courses[0]?.lessons[0] ?? {};
const options = first ? { lesson: JSON.parse(readFileSync(path.join(dist, "lessons", first, "lesson.json"), "utf8")).files } : {};
const isEarly = await early(slimmed, JSON.stringify({ ...options, cols: 100, rows: 30 }));
const parts = split(opened.bytes, (i) => isEarly.has(i));
writeFileSync(path.join(dist, "terrarium.wasm"), parts.first);
writeFileSync(path.join(dist, "terrarium.rest.wasm"), parts.rest);
const page = path.join(dist, "index.html");
writeFileSync(page, readFileSync(page, "utf8").replaceAll("FIRST_LESSON", first).replaceAll("FIRST_TITLE", () => escaped(title)));
process.exit(0);
