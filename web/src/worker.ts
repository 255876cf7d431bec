/**
 * The worker: starts the wasm as soon as it is loaded and forwards frames between the page and Go, unread.
 *
 * The address of the wasm is the worker's name, or terrarium.wasm beside this script.
 */
import "go-wasm-exec";
import type { Frame } from "./protocol.js";

interface GoProgram {
  importObject: WebAssembly.Imports;
  exit: (code: number) => void;
  run(instance: WebAssembly.Instance): Promise<void>;
}

interface Scope {
  name: string;
  location: { href: string };
  onmessage: ((e: MessageEvent<Frame>) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  Go: new () => GoProgram;
  fs: { writeSync(fd: number, bytes: Uint8Array): number };
  terrariumSend?: (type: string, id: number, json?: string, bytes?: Uint8Array<ArrayBuffer>) => void;
  terrariumTurn?: (done: () => void) => void;
  terrariumReceive?: (type: string, id: number, json?: string, bytes?: Uint8Array) => void;
}

const scope = globalThis as unknown as Scope;

/** What the program wrote to stderr: after a panic, its message and trace. Only the end is kept, and the beginning of a panic. */
let trace = "";
const utf8 = new TextDecoder();
scope.fs.writeSync = (_fd, bytes) => {
  trace += utf8.decode(bytes, { stream: true });
  const panic = trace.search(/^(panic|fatal error|runtime error):/m);
  trace = panic >= 0 ? trace.slice(panic, panic + 64 * 1024) : trace.slice(-8 * 1024);
  return bytes.length;
};

function post(frame: Frame, transfer: Transferable[] = []): void {
  scope.postMessage(frame, transfer);
}

scope.terrariumSend = (type, id, json, bytes) => {
  const frame: Frame = { type };
  if (id) frame.id = id;
  if (json !== undefined) frame.data = JSON.parse(json);
  if (bytes) frame.bytes = bytes;
  post(frame, bytes ? [bytes.buffer] : []);
};

/** Go asks for a turn of the event loop: messages that have arrived are taken before `done`. */
const turn = new MessageChannel();
const turns: (() => void)[] = [];
turn.port1.onmessage = () => turns.shift()?.();
scope.terrariumTurn = (done) => {
  turns.push(done);
  turn.port2.postMessage(null);
};

const early: Frame[] = [];
/** Why there is no program any more. The page may not have listened yet when it was said first. */
let dead: Frame | undefined;
scope.onmessage = ({ data: frame }) => {
  if (dead) post(dead);
  else if (!scope.terrariumReceive) early.push(frame);
  else scope.terrariumReceive(frame.type, frame.id ?? 0, frame.data === undefined ? undefined : JSON.stringify(frame.data), frame.bytes);
};

function end(frame: Frame): void {
  if (dead) return;
  dead = frame;
  post(frame);
}

async function instantiate(url: string, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`.trim());
  if (response.headers.get("Content-Type")?.startsWith("application/wasm")) {
    return (await WebAssembly.instantiateStreaming(response, imports)).instance;
  }
  return (await WebAssembly.instantiate(await response.arrayBuffer(), imports)).instance;
}

async function start(): Promise<void> {
  const url = new URL(scope.name || "terrarium.wasm", scope.location.href).href;
  const go = new scope.Go();
  let instance: WebAssembly.Instance;
  try {
    instance = await instantiate(url, go.importObject);
  } catch (e) {
    return end({ type: "unloaded", data: { message: e instanceof Error ? e.message : String(e) } });
  }
  const ended = go.run(instance);
  for (const frame of early.splice(0)) scope.onmessage?.({ data: frame } as MessageEvent<Frame>);
  try {
    await ended;
    end({ type: "crash", data: { message: trace.split("\n")[0] || "the program ended", trace } });
  } catch (e) {
    end({ type: "crash", data: { message: e instanceof Error ? e.message : String(e), trace } });
  }
}

void start();
