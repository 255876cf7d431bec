/**
 * The worker: loads the wasm, starts it, from an image where there is one, and forwards frames between the page and Go.
 *
 * The address of the wasm is the worker's name, or terrarium.wasm beside this script. The address of an image that will
 * probably be asked for may follow the script's after a #.
 */
import "go-wasm-exec";
import type { Frame, OpenOptions } from "./protocol.js";
import { Rest } from "./rest.js";
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

/** What came before the program takes frames. */
const early: Frame[] = [];
let onEarly: ((frame: Frame) => void) | undefined;
let taking = false;
let rest: Rest | undefined;
/** Why there is no program any more. The page may not have listened yet when it was said first. */
let dead: Frame | undefined;

function take(frame: Frame): void {
  if (dead) return post(dead);
  if (!taking) {
    early.push(frame);
    onEarly?.(frame);
  } else if (frame.type === "open" && frame.bytes && rest && !rest.joined) {
    // To play a log takes the whole program.
    taking = false;
    early.unshift(frame);
    rest.load().then(takeEarly, unloaded);
  } else scope.terrariumReceive?.(frame.type, frame.id ?? 0, frame.data === undefined ? undefined : JSON.stringify(frame.data), frame.bytes);
}

function takeEarly(): void {
  taking = true;
  for (let frame; taking && (frame = early.shift()); ) take(frame);
}

scope.onmessage = ({ data }) => take(data);

function end(frame: Frame): void {
  if (dead) return;
  dead = frame;
  post(frame);
}

function unloaded(e: unknown): void {
  end({ type: "unloaded", data: { message: e instanceof Error ? e.message : String(e) } });
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

/** The image that the frame which opens the session asks for. */
function wantedImage(): Promise<Image | undefined> {
  return new Promise((resolve) => {
    const look = (frame: Frame) => {
      if (frame.type !== "open") return;
      const url = (frame.data as OpenOptions | undefined)?.image;
      resolve(url ? readImage(url) : undefined);
    };
    early.forEach(look);
    onEarly = look;
  });
}

/** How long after the program is there its rest is fetched, in milliseconds: when a learner's first command is done. */
const restAfter = 2500;

async function start(): Promise<void> {
  const { href } = scope.location;
  const url = new URL(scope.name || "terrarium.wasm", href).href;
  const likely = new URL(href).hash.slice(1);
  const go = new scope.Go();
  rest = new Rest(url, go, (e) => end({ type: "crash", data: { message: String(e), trace: "" } }));
  let ended: Promise<void>;
  try {
    const [module, image] = await Promise.all([compile(url), likely ? readImage(likely) : wantedImage()]);
    const thawed = image && fits(image, module) ? image : undefined;
    if (thawed) continueClock(go, thawed);
    const instance = await WebAssembly.instantiate(module, go.importObject);
    rest.belongsTo(module, instance);
    if (thawed) setTimeout(() => void rest?.load().catch(() => {}), restAfter);
    else await rest.load();
    ended = thawed ? thaw(go, instance, thawed) : go.run(instance);
  } catch (e) {
    return unloaded(e);
  }
  takeEarly();
  try {
    await ended;
    end({ type: "crash", data: { message: trace.split("\n")[0] || "the program ended", trace } });
  } catch (e) {
    end({ type: "crash", data: { message: e instanceof Error ? e.message : String(e), trace } });
  }
}

void start();
