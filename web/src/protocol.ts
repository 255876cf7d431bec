/**
 * The one language that the page, the worker and the wasm speak.
 *
 * A frame is the same on both hops: page ⇄ worker by postMessage, worker ⇄ Go as (type, id, JSON text, bytes). The
 * worker forwards frames and knows none of them. A request carries an id and is answered once by a frame of type "ok"
 * or "error" with that id; everything else is an event. Go's side of this file is wasm/browser/frames.go.
 */
export interface Frame<T extends string = string, D = unknown> {
  type: T;
  /** Ties an answer, or the parts of a streamed body, to its request. 0 or absent on events. */
  id?: number;
  data?: D;
  bytes?: Uint8Array;
}

/** Requests of the page: the type, what goes into `data`, what goes into `bytes`, what `ok` brings back in `data`. */
export interface Requests {
  /** First frame of all. bytes: a log to restore, instead of an empty session. Without `lesson` it is a bare cluster. */
  open: { data: OpenOptions; bytes?: Uint8Array; ok: Opened };
  /** Makes a session that a later `open` with the same options finds ready. For freeze.mjs. */
  prepare: { data: OpenOptions; ok: void };
  /** Runs a line as a script would: not echoed, and while it waits, virtual time jumps. */
  exec: { data: { line: string }; ok: ExecResult };
  /** Keys for the terminal. */
  input: { bytes: Uint8Array; ok: void };
  /** These many bytes of `output` are on the screen; without it, the terminal's writers wait. Not answered. */
  drawn: { data: { bytes: number }; ok: void };
  resize: { data: { cols: number; rows: number }; ok: void };
  /** Moves virtual time ahead at once. */
  advance: { data: { ms: number }; ok: { now: string } };
  /** Virtual seconds per second of wall clock; 0 stands still. */
  speed: { data: { factor: number }; ok: void };
  writeFile: { data: { path: string }; bytes: Uint8Array; ok: void };
  /** The answer's bytes are the content. */
  readFile: { data: { path: string }; ok: void };
  progress: { ok: Progress };
  /** The answer's bytes are the session log. */
  log: { ok: void };
  /** Ends the session and starts over, with the log (bytes) or, without, from the beginning. */
  restore: { bytes?: Uint8Array; ok: Opened };
  /** Takes the last command back, by playing the log without it. `undone` is that line; empty where there was none. */
  undo: { ok: Opened };
  /** An HTTP request to the API server; bytes: its body. `ok` brings status and headers; the body follows as `body` events. */
  fetch: { data: { method: string; url: string; headers: [string, string][] }; bytes?: Uint8Array; ok: { status: number; headers: [string, string][] } };
  /** Gives up the request (a watch, say) whose id is `of`. */
  cancel: { data: { of: number }; ok: void };
  /** Closes an editor that an `edit` event opened; bytes: the content. */
  edited: { data: { edit: number; saved: boolean }; bytes?: Uint8Array; ok: void };
  /** Parses a lesson folder without opening it. */
  parse: { data: { files: Record<string, string> }; ok: Lesson };
}

/** What the wasm says of itself. */
export interface Events {
  /** The Go program runs and takes frames. */
  hello: { data: { version: string } };
  /** Bytes for the terminal's screen. */
  output: { bytes: Uint8Array };
  /** Clears the terminal's screen and scrollback: what follows is drawn anew (after restore and undo). */
  clear: {};
  /** The session log grew by these bytes, or, where `whole`, is these bytes. Sent before the input takes effect. */
  journal: { data: { whole: boolean }; bytes: Uint8Array };
  /** Checkpoints or flow changed. */
  progress: { data: Progress };
  /** nano, vi or `kubectl edit` was called; answered with an `edited` request. bytes: the content. */
  edit: { data: EditRequest; bytes: Uint8Array };
  /** An editor is no longer wanted: its command was interrupted or the session restarted. */
  editClosed: { data: { edit: number } };
  /** Virtual time as of now, every few seconds. bytes: what brings the journal, which knows only input, up to now. */
  time: { data: { now: string; factor: number }; bytes?: Uint8Array };
  /** Whether a command is running in the terminal (the prompt is not shown). */
  busy: { data: { busy: boolean } };
  /** A part of a streamed response body; `end` closes it, with `error` where it broke. */
  body: { data: { end?: boolean; error?: string }; bytes?: Uint8Array };
  /** The wasm could not be loaded. Sent by the worker. */
  unloaded: { data: { message: string } };
  /** The Go program ended, which it never should. Sent by the worker. */
  crash: { data: { message: string; trace: string } };
  ok: { data: unknown };
  error: { data: { message: string } };
}

export interface OpenOptions {
  /** Text of a scenario.yaml; empty: the default cluster. A lesson's own scenario.yaml goes before it. */
  scenario?: string;
  /** A decimal uint64 (JSON numbers cannot hold one). */
  seed?: string;
  /** RFC 3339; the instant at which virtual time starts. Absent: the scenario's own. */
  start?: string;
  /** The files of a lesson folder by their names in it: lesson.md, scenario.yaml, setup.sh, … */
  lesson?: Record<string, string>;
  cols?: number;
  rows?: number;
  /** The address of an image to start from (see thaw.ts); read by the worker. "": none. */
  image?: string;
  /** As in `speed`; default 1. */
  speed?: number;
  /** Restores the log that comes along without its last command. */
  undo?: boolean;
}

export interface Opened {
  now: string;
  /** With `undo`, the line that was taken back; else empty. */
  undone?: string;
  /** Where a lesson was opened. */
  lesson?: Lesson;
  progress?: Progress;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exit: number;
  /** RFC 3339, virtual. */
  time: string;
}

export interface EditRequest {
  edit: number;
  /** argv[0] as called: nano, vi, vim, … */
  program: string;
  /** The file as it was called; empty where the path says it. */
  name?: string;
  path: string;
  /** 1-based, where asked for (`nano +12`, `vi +12`). */
  line?: number;
  /** The file does not exist yet. */
  fresh?: boolean;
}

/** What the cluster's state says of a lesson: its checkpoints and the nodes of its flow, by id. */
export interface Progress {
  checkpoints: CheckState[];
  flow: FlowState[];
}

export interface CheckState {
  id: string;
  passed: boolean;
  /** One sentence: what is still missing, or what went wrong in checking. */
  detail?: string;
}

export interface FlowState {
  id: string;
  state: "idle" | "active" | "done" | "failed";
  detail?: string;
}

/** A lesson as package lessons parsed it: what `lesson.json` in a built lesson folder holds, beside `files`. */
export interface Lesson {
  title: string;
  /** Plain text, one or two sentences. */
  summary: string;
  /** As written for people: `20 min`. */
  duration?: string;
  level?: string;
  course?: string;
  flow?: Flow;
  steps: Step[];
}

export interface Flow {
  title: string;
  /** Read out in place of the picture. */
  description: string;
  /** In order; each leads to the next. */
  nodes: FlowNode[];
}

export interface FlowNode {
  id: string;
  title: string;
  /** A few words below the title. */
  label?: string;
  icon?: "command" | "secret" | "store" | "pod" | "account" | "kubelet" | "registry" | "image" | "container" | "node";
}

export interface Step {
  /** Unique in the lesson and fit for a fragment of a URL. */
  id: string;
  title: string;
  blocks: Block[];
}

/** `html` is rendered from Markdown by package lessons: no scripts, no event handlers, no raw HTML of the author. */
export type Block =
  | { kind: "html"; html: string }
  /** Typed into the terminal on a click where `run`, else only shown with a copy button. */
  | { kind: "command"; text: string; run: boolean }
  /** A file to write; the button puts it into the cluster's file system at `path`. */
  | { kind: "file"; path: string; content: string; language?: string }
  /** Something printed, to read. */
  | { kind: "output"; text: string; language?: string }
  | Quiz
  /** It counts once the checkpoint `after` has been passed. */
  | { kind: "checkpoint"; id: string; title: string; hint?: string; after?: string }
  | { kind: "hint"; title?: string; html: string }
  | { kind: "note"; tone: "note" | "tip" | "warning"; html: string };

export interface Quiz {
  kind: "quiz";
  id: string;
  /** html */
  question: string;
  /** One of several where exactly one is correct, else any number of them. Absent: a short answer. */
  choices?: { html: string; correct: boolean }[];
  /** A short answer is right where it equals one of these, compared without case and outer blanks. */
  accept?: string[];
  /** html, shown on the answer and by "Reveal answer". */
  explanation: string;
}

/** lesson.json: made by `terrarium lesson build`, so that prose is on the screen before the wasm is. */
export interface LessonFile {
  lesson: Lesson;
  files: Record<string, string>;
  /** The image of the lesson's cluster, relative to this file. */
  image?: string;
}

/** lessons/index.json, made by `terrarium lesson build`; `src` is relative to it. */
export interface LessonIndex {
  courses: {
    id: string;
    title: string;
    summary: string;
    lessons: { id: string; title: string; summary: string; duration?: string; level?: string; src: string }[];
  }[];
}
