/** One worker, its requests and answers. It knows frames and nothing of what they mean. */
import type { Events, Frame, Requests } from "./protocol.js";

type Data<R> = R extends { data: infer D } ? D : undefined;
type Ok<R> = R extends { ok: infer O } ? O : void;
type Listener = (frame: Frame) => void;

interface Pending {
  resolve: (frame: Frame) => void;
  reject: (error: Error) => void;
}

/** A request that the simulator turned down, in its own words. */
export class RequestError extends Error {
  override name = "RequestError";
}

/** The Go program ended. `trace` is what it said; the session's log is with whoever kept the journal. */
export class CrashError extends Error {
  override name = "CrashError";
  constructor(message: string, readonly trace: string) {
    super(message);
  }
}

/** The wasm could not be loaded. */
export class LoadError extends Error {
  override name = "LoadError";
}

export class Link {
  private last = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private failure: Error | undefined;

  constructor(private readonly worker: Worker) {
    worker.onmessage = (e: MessageEvent<Frame>) => this.receive(e.data);
    worker.onerror = (e) => this.fail(new LoadError(e.message || "the worker could not be started"));
  }

  /** Sends a request; resolves with the answer's data and bytes, rejects with RequestError, CrashError or LoadError. */
  request<T extends keyof Requests>(type: T, data: Data<Requests[T]>, bytes?: Uint8Array): Promise<{ data: Ok<Requests[T]>; bytes?: Uint8Array; id: number }> {
    const id = ++this.last;
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: (f) => resolve({ data: f.data as Ok<Requests[T]>, bytes: f.bytes, id }), reject });
      this.post({ type, id, data, bytes });
    });
  }

  /** Sends a request whose answer nobody waits for. */
  tell<T extends keyof Requests>(type: T, data: Data<Requests[T]>, bytes?: Uint8Array): void {
    if (!this.failure) this.post({ type, data, bytes });
  }

  on<T extends keyof Events>(type: T, listener: (frame: Events[T] & Frame) => void): () => void {
    let set = this.listeners.get(type);
    if (!set) this.listeners.set(type, (set = new Set()));
    set.add(listener as Listener);
    return () => set.delete(listener as Listener);
  }

  close(): void {
    this.worker.terminate();
    this.fail(new Error("the cluster was closed"));
    this.listeners.clear();
  }

  private post(frame: Frame): void {
    this.worker.postMessage(frame);
  }

  private receive(frame: Frame): void {
    if (this.failure) return;
    if (frame.type === "ok" || frame.type === "error") {
      const waiting = this.pending.get(frame.id ?? 0);
      this.pending.delete(frame.id ?? 0);
      if (frame.type === "ok") waiting?.resolve(frame);
      else waiting?.reject(new RequestError((frame.data as { message: string }).message));
      return;
    }
    if (frame.type === "crash") {
      const { message, trace } = frame.data as Events["crash"]["data"];
      this.fail(new CrashError(message, trace));
    }
    if (frame.type === "unloaded") this.fail(new LoadError((frame.data as { message: string }).message));
    for (const listener of [...(this.listeners.get(frame.type) ?? [])]) listener(frame);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

declare global {
  /** A worker that the page started before this module was there, for an earlier first prompt. */
  var terrariumWorker: Worker | undefined;
}

/**
 * The page's early worker where there is one, else a new one. A worker script of another origin is started through
 * a blob, which is the only way that browsers allow.
 */
export function startWorker(wasm?: string | URL): Worker {
  const early = globalThis.terrariumWorker;
  if (early && !wasm) {
    globalThis.terrariumWorker = undefined;
    return early;
  }
  const script = new URL("./terrarium-worker.js", import.meta.url);
  const name = new URL(wasm ?? "./terrarium.wasm", wasm ? document.baseURI : import.meta.url).href;
  if (script.origin === location.origin) return new Worker(script, { name });
  const blob = new Blob([`importScripts(${JSON.stringify(script.href)})`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(blob), { name });
}
