/**
 * The worker: loads the wasm, starts it, from an image where there is one, and forwards frames between the page and Go.
 *
 * The address of the wasm is the worker's name, or terrarium.wasm beside this script.
 */
import "go-wasm-exec";
import type { Frame, ImageFrame, OpenOptions } from "./protocol.js";
import { continueClock, fits, parseImage, thaw, type Go, type Image } from "./thaw.js";

interface Scope {
  name: string;
  location: { href: string };
  onmessage: ((e: MessageEvent<Frame>) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  Go: new () => Go;
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

/** What came before the program took frames. */
const early: Frame[] = [];
let onEarly: ((frame: Frame) => void) | undefined;
/** Why there is no program any more. The page may not have listened yet when it was said first. */
let dead: Frame | undefined;

function take(frame: Frame): void {
  if (dead) post(dead);
  else if (!scope.terrariumReceive) {
    early.push(frame);
    onEarly?.(frame);
  } else if (frame.type !== "image") {
    scope.terrariumReceive(frame.type, frame.id ?? 0, frame.data === undefined ? undefined : JSON.stringify(frame.data), frame.bytes);
  }
}

scope.onmessage = ({ data }) => take(data);

function end(frame: Frame): void {
  if (dead) return;
  dead = frame;
  post(frame);
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`.trim());
  if (response.headers.get("Content-Type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** An image that cannot be had only costs time. */
async function readImage(url: string): Promise<Image | undefined> {
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    return response.ok ? parseImage(new Uint8Array(await response.arrayBuffer())) : undefined;
  } catch {
    return undefined;
  }
}

/** The image that the first frame asks for. */
function wantedImage(): Promise<Image | undefined> {
  return new Promise((resolve) => {
    const look = (frame: Frame) => {
      const url = frame.type === "image" ? (frame as ImageFrame).data.url : (frame.data as OpenOptions | undefined)?.image;
      if (frame.type === "image" || frame.type === "open") resolve(url ? readImage(url) : undefined);
    };
    early.forEach(look);
    onEarly = look;
  });
}

async function start(): Promise<void> {
  const url = new URL(scope.name || "terrarium.wasm", scope.location.href).href;
  const go = new scope.Go();
  let ended: Promise<void>;
  try {
    const [module, image] = await Promise.all([compile(url), wantedImage()]);
    if (image && fits(image, module)) {
      continueClock(go, image);
      ended = thaw(go, await WebAssembly.instantiate(module, go.importObject), image);
    } else ended = go.run(await WebAssembly.instantiate(module, go.importObject));
  } catch (e) {
    return end({ type: "unloaded", data: { message: e instanceof Error ? e.message : String(e) } });
  }
  for (const frame of early.splice(0)) take(frame);
  try {
    await ended;
    end({ type: "crash", data: { message: trace.split("\n")[0] || "the program ended", trace } });
  } catch (e) {
    end({ type: "crash", data: { message: e instanceof Error ? e.message : String(e), trace } });
  }
}

void start();
