/**
 * Wakes a Go program from an image of its memory, made by freeze.mjs when the page was built: a program that has run
 * through its initialisation and holds a cluster that has come up. Nothing is different from one that was run up to
 * there, but the seconds that it took.
 *
 * An image is a length (uint32, little endian), that many bytes of JSON (ImageHeader), and the changes to the memory of a
 * fresh instance: how many bytes on from the last one, how many bytes (both LEB128), and these. It fits one build of the
 * wasm, told by a custom section, and no other.
 */

/** The name of the section that holds the build, and of the exports that freeze.mjs gives to the module's globals. */
export const buildSection = "terrarium.build";
export const globalPrefix = "global";

/** How to find the JavaScript value that Go holds a reference to. */
export type ValueHint = { path: string[] } | { func: number } | { text: string } | { lost: true } | null;

export interface ImageHeader {
  build: string;
  /** Bytes of memory. */
  size: number;
  /** By export; i64 as text. */
  globals: Record<string, string>;
  /** From id 7 on (wasm_exec.js has the first seven itself); null where the id is free. */
  values: ValueHint[];
  refs: number[];
  free: number[];
  timeouts: { next: number; ids: number[] };
  /** The id of the function that Go set as terrariumReceive. */
  receive: number;
  /** The runtime's clock when the image was made, in nanoseconds. */
  nano: number;
}

/** The insides of wasm_exec.js's Go, as of Go 1.26. */
export interface Go {
  importObject: { gojs: Record<string, (sp: number) => unknown> } & WebAssembly.Imports;
  mem: DataView;
  exited: boolean;
  exit: (code: number) => void;
  run(instance: WebAssembly.Instance): Promise<void>;
  _inst: WebAssembly.Instance;
  _values: unknown[];
  _goRefCounts: number[];
  _ids: Map<unknown, number>;
  _idPool: number[];
  _exitPromise: Promise<void>;
  _scheduledTimeouts: Map<number, ReturnType<typeof setTimeout>>;
  _nextCallbackTimeoutID: number;
  _resume(): void;
  _makeFuncWrapper(id: number): (...args: unknown[]) => unknown;
}

export interface Image {
  header: ImageHeader;
  changes: Uint8Array;
}

export function parseImage(bytes: Uint8Array): Image {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as ImageHeader;
  return { header, changes: bytes.subarray(4 + length) };
}

/** Whether the image was made of this module. */
export function fits(image: Image, module: WebAssembly.Module): boolean {
  const [section] = WebAssembly.Module.customSections(module, buildSection);
  return !!section && new TextDecoder().decode(section) === image.header.build;
}

/** Lets the runtime's clock go on from where it stood in the image. Must be called before the module is instantiated. */
export function continueClock(go: Go, image: Image): void {
  const begun = performance.now();
  go.importObject.gojs["runtime.nanotime1"] = (sp) => {
    const now = image.header.nano + (performance.now() - begun) * 1e6;
    go.mem.setBigInt64((sp >>> 0) + 8, BigInt(Math.round(now)), true);
  };
}

/** Puts the image into a fresh instance. Resolves when the program ends, as Go's run does. */
export function thaw(go: Go, instance: WebAssembly.Instance, image: Image): Promise<void> {
  const { header, changes } = image;
  const memory = instance.exports["mem"] as WebAssembly.Memory;
  const missing = header.size - memory.buffer.byteLength;
  if (missing > 0) memory.grow(missing / 65536);
  change(new Uint8Array(memory.buffer), changes);
  for (const [name, value] of Object.entries(header.globals)) {
    const global = instance.exports[name] as WebAssembly.Global;
    global.value = typeof global.value === "bigint" ? BigInt(value) : Number(value);
  }
  go._inst = instance;
  go.mem = new DataView(memory.buffer);
  go.exited = false;
  go._values = [NaN, 0, null, true, false, globalThis, go];
  const funcs = new Map<number, unknown>();
  for (const hint of header.values) go._values.push(found(go, hint, funcs));
  go._goRefCounts = header.refs.map((n) => (n < 0 ? Infinity : n));
  go._ids = new Map(go._values.flatMap((v, i) => (i === 0 || (i >= 7 && header.values[i - 7] === null) ? [] : [[v, i] as const])));
  go._idPool = [...header.free];
  go._nextCallbackTimeoutID = header.timeouts.next;
  for (const id of header.timeouts.ids) go._scheduledTimeouts.set(id, setTimeout(() => go._resume()));
  (globalThis as Record<string, unknown>)["terrariumReceive"] = funcs.get(header.receive) ?? go._makeFuncWrapper(header.receive);
  return go._exitPromise;
}

function change(memory: Uint8Array, changes: Uint8Array): void {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const b = changes[at++]!;
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
  };
  for (let to = 0; at < changes.length; ) {
    to += number();
    const length = number();
    memory.set(changes.subarray(at, at + length), to);
    to += length;
    at += length;
  }
}

function found(go: Go, hint: ValueHint, funcs: Map<number, unknown>): unknown {
  if (!hint) return null;
  if ("path" in hint) return hint.path.reduce((at: unknown, name) => (at as Record<string, unknown> | undefined)?.[name], globalThis);
  if ("text" in hint) return hint.text;
  if ("lost" in hint) return {};
  const made = funcs.get(hint.func) ?? go._makeFuncWrapper(hint.func);
  funcs.set(hint.func, made);
  return made;
}
