/** createCluster: a Kubernetes cluster in a worker, for any page. */
import { CrashError, Link, startWorker } from "./link.js";
import type { EditRequest, ExecResult, Frame, Lesson, OpenOptions, Opened, Progress } from "./protocol.js";

export interface ClusterOptions {
  /** Text of a scenario.yaml; without it, the default cluster of three nodes. */
  scenario?: string;
  /** The same seed and the same input at the same times give the same bytes. Default: the scenario's. */
  seed?: bigint | number | string;
  /** When virtual time starts. Default: the scenario's. */
  start?: Date | string;
  /** Where the wasm lies; default: terrarium.wasm beside terrarium.js. */
  wasm?: string | URL;
  /** An image of the program with this very cluster, made with the page; default: terrarium.image beside the wasm, "" for none. */
  image?: string | URL;
  /** The files of a lesson folder by name, so that checkpoints() has something to look at. */
  lesson?: Record<string, string>;
  /** A session log to start from. */
  log?: Uint8Array;
  /** Leaves the last command of `log` out. */
  undo?: boolean;
  cols?: number;
  rows?: number;
  /** Virtual seconds per second of wall clock, from the beginning. With 0, time passes only in exec and advance. Default 1. */
  speed?: number;
}

export interface Edit extends EditRequest {
  content: string;
  /** Aborted where the program was interrupted and its outcome is no longer wanted. */
  signal: AbortSignal;
}

export interface EditOutcome {
  /** What the file shall hold; only read where `saved`. */
  content: string;
  saved: boolean;
}

/** What a cluster tells: see onEvent. */
export type ClusterEvent =
  | { type: "progress"; progress: Progress }
  | { type: "journal"; whole: boolean; bytes: Uint8Array }
  | { type: "time"; now: Date; factor: number; tail?: Uint8Array }
  | { type: "busy"; busy: boolean }
  | { type: "clear" }
  | { type: "crash"; error: CrashError };

export interface Cluster {
  /** Runs a line as a script would, apart from the terminal. Commands that wait let virtual time jump. */
  exec(line: string): Promise<ExecResult>;
  /** Keys for the terminal. */
  write(keys: Uint8Array | string): void;
  /**
   * What the terminal shows, as bytes for a VT emulator. Return a promise to slow the output down to what can be
   * drawn. What was printed before the first callback is kept for it.
   */
  onData(callback: (bytes: Uint8Array) => void | Promise<void>): () => void;
  resize(cols: number, rows: number): void;
  /** Calls the API server: `new Request("https://controlplane:6443/api/v1/nodes")`. Watches stream; abort ends them. */
  fetch(request: Request | string | URL): Promise<Response>;
  /** Moves virtual time ahead at once; milliseconds or a duration as Go writes it (`1m30s`). Resolves with the new time. */
  advance(duration: number | string): Promise<Date>;
  /** Virtual seconds per second of wall clock; 0 stands still. Default 1. */
  speed(factor: number): void;
  writeFile(path: string, content: string | Uint8Array): Promise<void>;
  readFile(path: string): Promise<Uint8Array>;
  /** The states of the lesson's checkpoints and of its flow, looked up now. */
  checkpoints(): Promise<Progress>;
  /** The session so far: seed, scenario and timed input. `restore` and `terrarium replay` play it. */
  log(): Promise<Uint8Array>;
  restore(log: Uint8Array): Promise<void>;
  /** Takes the last command back and resolves with it; "" where there was none. */
  undo(): Promise<string>;
  /** Starts over. */
  reset(): Promise<void>;
  /** Who opens editors for nano, vi and kubectl edit; one at a time, the last one wins. Without one they end unsaved. */
  onEdit(callback: (edit: Edit) => Promise<EditOutcome>): () => void;
  onEvent(callback: (event: ClusterEvent) => void): () => void;
  /** Parses the files of a lesson folder. */
  parseLesson(files: Record<string, string>): Promise<Lesson>;
  /** What opening brought: the parsed lesson, its first progress, the time. */
  readonly opened: Opened;
  close(): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Starts a cluster. Rejects with LoadError where the wasm cannot be had, RequestError where scenario or log are not
 * understood, CrashError where the simulator broke.
 */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const link = new Link(startWorker(options.wasm));
  const cluster = new WorkerCluster(link);
  try {
    cluster.opened = (await link.request("open", openOptions(options), options.log)).data;
  } catch (e) {
    link.close();
    throw e;
  }
  return cluster;
}

function openOptions(o: ClusterOptions): OpenOptions {
  return {
    scenario: o.scenario,
    seed: o.seed === undefined ? undefined : String(o.seed),
    start: o.start instanceof Date ? o.start.toISOString() : o.start,
    lesson: o.lesson,
    undo: o.undo,
    image: o.image === "" ? "" : new URL(o.image ?? "terrarium.image", o.image ? document.baseURI : o.wasm ? new URL(o.wasm, document.baseURI) : import.meta.url).href,
    speed: o.speed,
    cols: o.cols ?? 100,
    rows: o.rows ?? 30,
  };
}

class WorkerCluster implements Cluster {
  opened: Opened = { now: "" };
  private readonly screens = new Set<(bytes: Uint8Array) => void | Promise<void>>();
  private readonly watchers = new Set<(event: ClusterEvent) => void>();
  /** By request: where a body goes; null where nobody reads it any more. */
  private readonly bodies = new Map<number, ReadableStreamDefaultController<Uint8Array> | null>();
  /** Parts of bodies that came before their response was taken up. */
  private readonly early = new Map<number, Frame[]>();
  private readonly edits = new Map<number, AbortController>();
  private editor: ((edit: Edit) => Promise<EditOutcome>) | undefined;
  private unseen: Uint8Array[] = [];
  private untold: ClusterEvent[] = [];

  constructor(private readonly link: Link) {
    link.on("output", (f) => this.show(f.bytes));
    link.on("clear", () => {
      this.unseen = [];
      this.emit({ type: "clear" });
    });
    link.on("journal", (f) => this.emit({ type: "journal", whole: f.data.whole, bytes: f.bytes ?? new Uint8Array() }));
    link.on("progress", (f) => this.emit({ type: "progress", progress: f.data }));
    link.on("time", (f) => this.emit({ type: "time", now: new Date(f.data.now), factor: f.data.factor, tail: f.bytes }));
    link.on("busy", (f) => this.emit({ type: "busy", busy: f.data.busy }));
    link.on("crash", (f) => this.emit({ type: "crash", error: new CrashError(f.data.message, f.data.trace) }));
    link.on("edit", (f) => void this.edit(f.data, f.bytes ?? new Uint8Array()));
    link.on("editClosed", (f) => this.edits.get(f.data.edit)?.abort());
    link.on("body", (f) => this.body(f));
  }

  async exec(line: string): Promise<ExecResult> {
    return (await this.link.request("exec", { line })).data;
  }

  write(keys: Uint8Array | string): void {
    this.link.tell("input", undefined, typeof keys === "string" ? encoder.encode(keys) : keys);
  }

  onData(callback: (bytes: Uint8Array) => void | Promise<void>): () => void {
    this.screens.add(callback);
    for (const bytes of this.unseen.splice(0)) this.show(bytes);
    return () => this.screens.delete(callback);
  }

  resize(cols: number, rows: number): void {
    this.link.tell("resize", { cols, rows });
  }

  async fetch(input: Request | string | URL): Promise<Response> {
    const request = new Request(input);
    const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
    request.signal.throwIfAborted();
    const asked = this.link.request("fetch", { method: request.method, url: request.url, headers: [...request.headers] }, body);
    const { data, id } = await asked;
    const give = () => this.link.tell("cancel", { of: id });
    request.signal.addEventListener("abort", give, { once: true });
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.bodies.set(id, controller);
        for (const frame of this.early.get(id) ?? []) this.body(frame);
        this.early.delete(id);
      },
      cancel: () => {
        this.bodies.set(id, null);
        give();
      },
    });
    const empty = [101, 204, 205, 304].includes(data.status) || request.method === "HEAD";
    return new Response(empty ? null : stream, { status: data.status, headers: data.headers });
  }

  async advance(duration: number | string): Promise<Date> {
    const ms = typeof duration === "number" ? duration : milliseconds(duration);
    return new Date((await this.link.request("advance", { ms })).data.now);
  }

  speed(factor: number): void {
    this.link.tell("speed", { factor });
  }

  async writeFile(path: string, content: string | Uint8Array): Promise<void> {
    await this.link.request("writeFile", { path }, typeof content === "string" ? encoder.encode(content) : content);
  }

  async readFile(path: string): Promise<Uint8Array> {
    return (await this.link.request("readFile", { path })).bytes ?? new Uint8Array();
  }

  async checkpoints(): Promise<Progress> {
    return (await this.link.request("progress", undefined)).data;
  }

  async log(): Promise<Uint8Array> {
    return (await this.link.request("log", undefined)).bytes ?? new Uint8Array();
  }

  async restore(log: Uint8Array): Promise<void> {
    this.reopened((await this.link.request("restore", undefined, log)).data);
  }

  async undo(): Promise<string> {
    const { data } = await this.link.request("undo", undefined);
    this.reopened(data);
    return data.undone ?? "";
  }

  async reset(): Promise<void> {
    this.reopened((await this.link.request("restore", undefined)).data);
  }

  onEdit(callback: (edit: Edit) => Promise<EditOutcome>): () => void {
    this.editor = callback;
    return () => {
      if (this.editor === callback) this.editor = undefined;
    };
  }

  onEvent(callback: (event: ClusterEvent) => void): () => void {
    this.watchers.add(callback);
    for (const event of this.untold.splice(0)) callback(event);
    return () => this.watchers.delete(callback);
  }

  async parseLesson(files: Record<string, string>): Promise<Lesson> {
    return (await this.link.request("parse", { files })).data;
  }

  close(): void {
    for (const edit of this.edits.values()) edit.abort();
    this.link.close();
  }

  private reopened(opened: Opened): void {
    this.opened = opened;
    if (opened.progress) this.emit({ type: "progress", progress: opened.progress });
  }

  private emit(event: ClusterEvent): void {
    if (!this.watchers.size && event.type !== "time") this.untold.push(event);
    for (const watcher of [...this.watchers]) watcher(event);
  }

  private show(bytes: Uint8Array | undefined): void {
    if (!bytes) return;
    if (!this.screens.size) {
      this.unseen.push(bytes);
      return;
    }
    const drawn = () => this.link.tell("drawn", { bytes: bytes.length });
    void Promise.allSettled([...this.screens].map((screen) => screen(bytes))).then(drawn);
  }

  private body(frame: Frame): void {
    const id = frame.id ?? 0;
    const controller = this.bodies.get(id);
    if (controller === undefined) {
      this.early.set(id, [...(this.early.get(id) ?? []), frame]);
      return;
    }
    if (frame.bytes) controller?.enqueue(frame.bytes);
    const { end, error } = (frame.data ?? {}) as { end?: boolean; error?: string };
    if (!end) return;
    this.bodies.delete(id);
    if (error) controller?.error(new DOMException(error, "AbortError"));
    else controller?.close();
  }

  private async edit(request: EditRequest, bytes: Uint8Array): Promise<void> {
    const gone = new AbortController();
    this.edits.set(request.edit, gone);
    let outcome: EditOutcome = { content: "", saved: false };
    try {
      outcome = (await this.editor?.({ ...request, content: decoder.decode(bytes), signal: gone.signal })) ?? outcome;
    } catch (e) {
      console.error("the editor broke off:", e);
    }
    this.edits.delete(request.edit);
    if (gone.signal.aborted) return;
    this.link.tell("edited", { edit: request.edit, saved: outcome.saved }, outcome.saved ? encoder.encode(outcome.content) : undefined);
  }
}

const units: Record<string, number> = { h: 3600e3, m: 60e3, s: 1e3, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };

/** milliseconds of a Go duration: `1h30m`, `1.5s`, `300ms`. */
function milliseconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)/g)];
  if (!parts.length || parts.map((p) => p[0]).join("") !== duration) throw new TypeError(`${JSON.stringify(duration)} is not a duration like 1m30s`);
  return parts.reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit!] ?? 0), 0);
}
