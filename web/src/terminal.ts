/** <terrarium-terminal>: a cluster's terminal, with its clock, undo and reset, and the editors that it opens. */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal, type ITheme } from "@xterm/xterm";
import xtermCss from "@xterm/xterm/css/xterm.css";
import { createCluster, type Cluster, type Edit, type EditOutcome } from "./cluster.js";
import { h, sheet } from "./dom.js";
import { icon } from "./icons.js";
import { CrashError } from "./link.js";
import baseCss from "./style/base.css";
import editorCss from "./style/editor.css";
import terminalCss from "./style/terminal.css";

const sheets = sheet(xtermCss, baseCss, terminalCss, editorCss);

const speeds = [1, 5, 20];

/** Size in which the terminal is drawn, by its width: a phone's letters are as small as `kubectl get nodes` on one line asks for. */
const fontSize = (width: number) => (width < 480 ? Math.min(11.5, Math.max(9, Math.floor(((width - 15) / 56 / 0.6) * 10) / 10)) : width < 720 ? 12.5 : 13.5);

export class TerrariumTerminal extends HTMLElement {
  static observedAttributes = ["scenario", "seed"];

  private readonly term = new Terminal({
    fontFamily: "monospace",
    lineHeight: 1.3,
    cursorBlink: true,
    cursorStyle: "bar",
    cursorWidth: 2,
    cursorInactiveStyle: "outline",
    scrollback: 5000,
    allowProposedApi: false,
    screenReaderMode: true,
    macOptionIsMeta: true,
    convertEol: false,
    rightClickSelectsWord: false,
  });
  private readonly fit = new FitAddon();
  private readonly screen = h("div", { class: "screen" });
  private readonly editorHost = h("div", { class: "editor", hidden: true });
  private readonly veil = h("div", { class: "veil", role: "status" });
  private readonly clock = h("time", { class: "clock", title: "The cluster's own time" }, "--:--:--");
  private readonly lamp = h("span", { class: "lamp", "aria-hidden": "true" });
  private readonly toast = h("div", { class: "toast", role: "status", "aria-live": "polite" });
  private readonly keys = h("div", { class: "keys", role: "toolbar", "aria-label": "Keys that a phone does not have" });
  private readonly undoButton = h("button", { type: "button", class: "tool", onclick: () => void this.undo() }, icon("undo"), h("span", {}, "Undo"));
  private readonly resetButton = h("button", { type: "button", class: "tool", onclick: () => this.askReset() }, icon("reset"), h("span", {}, "Reset"));
  private readonly dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title" });
  private readonly speedButtons = speeds.map((f) =>
    h("button", { type: "button", "aria-pressed": String(f === 1), onclick: () => this.setSpeed(f), "aria-label": `Time at ${f} times` }, `${f}×`),
  );

  private joined: Cluster | undefined;
  private leave: (() => void)[] = [];
  private own = false;
  private opened = false;
  private editing = false;
  private ctrl = false;
  private busy = false;
  private time = { at: 0, wall: 0, factor: 1 };
  private ticking: ReturnType<typeof setInterval> | undefined;
  private toastTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly resizes = new ResizeObserver(() => this.refit());

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: false });
    root.adoptedStyleSheets = sheets;
    const bar = h(
      "header",
      { class: "bar" },
      h("span", { class: "host" }, this.lamp, h("span", {}, "controlplane")),
      h("span", { class: "when" }, this.clock, h("span", { class: "speeds", role: "group", "aria-label": "Speed of time" }, ...this.speedButtons)),
      h("span", { class: "tools" }, this.undoButton, this.resetButton),
    );
    for (const [label, bytes, name] of phoneKeys) {
      this.keys.append(h("button", { type: "button", "aria-label": name, onclick: (e: Event) => this.phoneKey(e.currentTarget as HTMLElement, bytes) }, label));
    }
    root.append(
      h("section", { class: "glass", "aria-label": "Terminal" }, bar, h("slot", { name: "above" }), h("div", { class: "stage" }, this.screen, this.editorHost, this.veil, this.toast), this.keys),
      this.dialog,
    );
  }

  connectedCallback(): void {
    if (!this.opened) this.openScreen();
    this.resizes.observe(this.screen);
    this.ticking = setInterval(() => this.drawClock(), 500);
    // An element that is given a cluster by whoever made it must not start another.
    queueMicrotask(() => {
      if (!this.joined && !this.hasAttribute("detached") && this.isConnected) void this.startOwn();
    });
  }

  disconnectedCallback(): void {
    this.resizes.disconnect();
    clearInterval(this.ticking);
    queueMicrotask(() => {
      if (this.isConnected) return;
      if (this.own) this.joined?.close();
      this.unjoin();
    });
  }

  attributeChangedCallback(): void {
    if (this.own) void this.startOwn();
  }

  /** The cluster that is shown. Setting one joins it; an element without one starts its own when it is connected. */
  get cluster(): Cluster | undefined {
    return this.joined;
  }

  set cluster(cluster: Cluster | undefined) {
    this.unjoin();
    if (cluster) this.join(cluster);
  }

  /** Columns and rows that fit, once the letters can be measured. */
  async measure(): Promise<{ cols: number; rows: number }> {
    const family = this.term.options.fontFamily ?? "monospace";
    const loaded = document.fonts.load(`${this.term.options.fontSize}px ${family}`).catch(() => []);
    await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, 300))]);
    // Setting the family again makes xterm measure with what has been loaded.
    this.term.options.fontFamily = "monospace";
    this.term.options.fontFamily = family;
    this.refit();
    this.screen.classList.add("shown");
    return { cols: this.term.cols, rows: this.term.rows };
  }

  override focus(): void {
    if (this.editing) this.editorHost.querySelector<HTMLElement>(".cm-content")?.focus();
    else this.term.focus();
  }

  /** Types a command and runs it: a running one is interrupted first, what stands at the prompt is put away. */
  async run(command: string): Promise<boolean> {
    if (!this.joined) return false;
    if (this.editing) {
      this.say("Close the editor first.");
      return false;
    }
    if (this.busy) {
      this.joined.write("\x03");
      await this.idle();
    }
    this.term.scrollToBottom();
    this.joined.write("\x05\x15" + command.replace(/\n$/, "").replace(/\n/g, "\r") + "\r");
    return true;
  }

  /** Shows a sentence for a moment; screen readers hear it. */
  say(text: string): void {
    this.toast.textContent = text;
    this.toast.classList.add("shown");
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => this.toast.classList.remove("shown"), 4000);
  }

  /** What stands in the way of using the terminal; nothing clears it. */
  wait(content?: Node | string): void {
    for (const b of [this.undoButton, this.resetButton, ...this.speedButtons]) b.disabled = content !== undefined;
    this.lamp.toggleAttribute("data-off", content !== undefined);
    this.veil.replaceChildren(...(content === undefined ? [] : [content]));
    this.veil.hidden = content === undefined;
    this.screen.inert = content !== undefined;
  }

  private openScreen(): void {
    this.opened = true;
    this.term.loadAddon(this.fit);
    this.applyStyle();
    this.term.open(this.screen);
    this.term.textarea?.setAttribute("aria-label", "Terminal. Shift+Tab or F6 leaves it.");
    this.term.attachCustomKeyEventHandler((e) => this.key(e));
    this.term.onData((text) => this.type(text));
    if (this.term.textarea) this.takeInserted(this.term.textarea);
    this.term.onBinary((text) => this.joined?.write(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    this.term.onResize(({ cols, rows }) => this.joined?.resize(cols, rows));
    this.wait(starting());
    this.refit();
  }

  /** Text that comes without a key (emoji, dictation, a corrected word): in screen reader mode xterm leaves it. */
  private takeInserted(textarea: HTMLTextAreaElement): void {
    let pressed = false;
    const mark = () => {
      pressed = true;
      setTimeout(() => (pressed = false)); // what a key types comes with it; a keyup may never come
    };
    textarea.addEventListener("keydown", mark, { capture: true });
    textarea.addEventListener("keypress", mark, { capture: true }); // of a key that brought the focus here
    textarea.addEventListener("keyup", () => (pressed = false), { capture: true });
    textarea.addEventListener("input", (e) => {
      const { inputType, data } = e as InputEvent;
      if (inputType === "insertText" && data && !pressed && this.term.options.screenReaderMode) this.type(data);
    });
  }

  private async startOwn(): Promise<void> {
    if (this.own) this.joined?.close();
    this.unjoin();
    this.own = true;
    this.wait(starting());
    try {
      const size = await this.measure();
      const address = this.getAttribute("scenario");
      const scenario = address ? await text(new URL(address, document.baseURI)) : undefined;
      this.join(await createCluster({ scenario, seed: this.getAttribute("seed") ?? undefined, wasm: this.getAttribute("wasm") ?? undefined, ...size }));
    } catch (e) {
      this.wait(broken(e));
      this.dispatchEvent(new CustomEvent("error", { detail: e }));
    }
  }

  private join(cluster: Cluster): void {
    this.joined = cluster;
    this.screen.classList.add("shown");
    this.leave = [
      cluster.onData((bytes) => new Promise((drawn) => this.term.write(bytes, drawn))),
      cluster.onEdit((edit) => this.edit(edit)),
      cluster.onEvent((event) => {
        if (event.type === "time") this.time = { at: event.now.getTime(), wall: performance.now(), factor: event.factor };
        if (event.type === "busy") this.busy = event.busy;
        if (event.type === "clear") this.term.reset();
        if (event.type === "crash" && this.own) this.wait(broken(event.error));
      }),
    ];
    const now = Date.parse(cluster.opened.now);
    if (now) this.time = { at: now, wall: performance.now(), factor: 1 };
    this.wait();
    this.drawClock();
    cluster.resize(this.term.cols, this.term.rows);
    this.dispatchEvent(new CustomEvent("ready", { detail: { cluster }, bubbles: true, composed: true }));
  }

  private unjoin(): void {
    for (const end of this.leave.splice(0)) end();
    this.joined = undefined;
    this.own = false;
    this.term.reset();
  }

  private idle(): Promise<void> {
    const cluster = this.joined;
    return new Promise((resolve) => {
      const end = cluster?.onEvent((e) => {
        if (e.type === "busy" && !e.busy) finish();
      });
      const timer = setTimeout(() => finish(), 1500);
      const finish = () => {
        clearTimeout(timer);
        end?.();
        resolve();
      };
    });
  }

  private type(text: string): void {
    if (this.ctrl && text.length === 1) {
      text = String.fromCharCode(text.toUpperCase().charCodeAt(0) & 31);
      this.setCtrl(false);
    }
    this.joined?.write(text);
  }

  /** False keeps a key from the terminal. */
  private key(e: KeyboardEvent): boolean {
    const ctrl = e.ctrlKey && !e.shiftKey && !e.altKey && !e.metaKey;
    if (e.key === "Tab" && e.shiftKey) return false;
    if (e.key === "F6") {
      if (e.type === "keydown") this.dispatchEvent(new CustomEvent("leave", { bubbles: true, composed: true }));
      return false;
    }
    if (ctrl && e.key === "v") return false;
    if (ctrl && e.key === "c" && this.term.hasSelection()) {
      if (e.type === "keydown") {
        void navigator.clipboard?.writeText(this.term.getSelection()).catch(() => {});
        this.term.clearSelection();
      }
      return false;
    }
    return true;
  }

  private phoneKey(button: HTMLElement, bytes: string): void {
    if (bytes === "ctrl") this.setCtrl(!this.ctrl);
    else this.joined?.write(bytes);
    button.blur();
    this.focus();
  }

  private setCtrl(on: boolean): void {
    this.ctrl = on;
    this.keys.querySelector("[aria-label=Control]")?.setAttribute("aria-pressed", String(on));
  }

  private async edit(edit: Edit): Promise<EditOutcome> {
    const cluster = this.joined!;
    this.editing = true;
    this.editorHost.hidden = false;
    this.screen.inert = true;
    try {
      const { openEditor } = (await import(new URL("./terrarium-editor.js", import.meta.url).href)) as typeof import("./editor/editor.js");
      return await openEditor(this.editorHost, edit, cluster);
    } catch (e) {
      if (!edit.signal.aborted) this.say(`The editor could not be opened: ${e instanceof Error ? e.message : e}`);
      throw e;
    } finally {
      this.editing = false;
      this.editorHost.hidden = true;
      this.editorHost.replaceChildren();
      this.screen.inert = false;
      this.term.focus();
    }
  }

  private async undo(): Promise<void> {
    const cluster = this.joined;
    if (!cluster) return;
    this.undoButton.disabled = true;
    try {
      const line = await cluster.undo();
      this.say(line ? `Took back: ${line}` : "There is nothing to take back.");
    } catch (e) {
      this.say(`Undo did not work: ${e instanceof Error ? e.message : e}`);
    } finally {
      this.undoButton.disabled = false;
    }
  }

  private askReset(): void {
    const no = h("button", { type: "button", class: "plain", onclick: () => this.dialog.close() }, "Keep going");
    const yes = h("button", { type: "button", class: "danger", onclick: () => void this.reset() }, "Start over");
    this.dialog.replaceChildren(
      h("h2", { id: "ask-title" }, "Start over with a new cluster?"),
      h("p", {}, "Everything that you did in this terminal is forgotten. Undo takes back only the last command."),
      h("div", { class: "row" }, no, yes),
    );
    this.dialog.showModal();
    no.focus();
  }

  private async reset(): Promise<void> {
    this.dialog.close();
    this.dispatchEvent(new CustomEvent("reset", { bubbles: true, composed: true }));
    try {
      await this.joined?.reset();
      this.say("A new cluster.");
    } catch (e) {
      this.say(`Reset did not work: ${e instanceof Error ? e.message : e}`);
    }
    this.focus();
  }

  private setSpeed(factor: number): void {
    this.drawClock();
    this.joined?.speed(factor);
    for (const [i, button] of this.speedButtons.entries()) button.setAttribute("aria-pressed", String(speeds[i] === factor));
  }

  private drawClock(): void {
    if (!this.time.at) return;
    const now = new Date(this.time.at + (performance.now() - this.time.wall) * this.time.factor);
    const iso = now.toISOString();
    this.clock.dateTime = iso;
    this.clock.textContent = iso.slice(11, 19);
  }

  private refit(): void {
    if (!this.opened || !this.screen.clientWidth || !this.screen.clientHeight) return;
    const size = fontSize(this.screen.clientWidth);
    if (this.term.options.fontSize !== size) this.term.options.fontSize = size;
    this.fit.fit();
  }

  /** Takes font and colours from the custom properties (see style/base.css). */
  private applyStyle(): void {
    const style = getComputedStyle(this);
    const value = (name: string) => style.getPropertyValue(name).trim();
    this.term.options.fontFamily = value("--terrarium-font-mono") || value("--mono") || "monospace";
    const probe = h("span", { hidden: true });
    this.shadowRoot!.append(probe);
    const theme: Record<string, string> = {};
    for (const [key, name] of Object.entries(themeNames)) {
      probe.style.color = `var(--terrarium-term-${name}, var(--term-${name}))`;
      theme[key] = getComputedStyle(probe).color;
    }
    probe.remove();
    this.term.options.theme = theme as ITheme;
  }
}

const themeNames: Record<string, string> = {
  background: "background",
  foreground: "foreground",
  cursor: "cursor",
  cursorAccent: "background",
  selectionBackground: "selection",
  black: "black", red: "red", green: "green", yellow: "yellow", blue: "blue", magenta: "magenta", cyan: "cyan", white: "white",
  brightBlack: "bright-black", brightRed: "bright-red", brightGreen: "bright-green", brightYellow: "bright-yellow",
  brightBlue: "bright-blue", brightMagenta: "bright-magenta", brightCyan: "bright-cyan", brightWhite: "bright-white",
};

const phoneKeys: [label: string, bytes: string, name: string][] = [
  ["Esc", "\x1b", "Escape"],
  ["Tab", "\t", "Tab"],
  ["Ctrl", "ctrl", "Control"],
  ["^C", "\x03", "Interrupt"],
  ["↑", "\x1b[A", "Up"],
  ["↓", "\x1b[B", "Down"],
  ["←", "\x1b[D", "Left"],
  ["→", "\x1b[C", "Right"],
  ["|", "|", "Pipe"],
  ["-", "-", "Dash"],
  ["/", "/", "Slash"],
];

/** The veil while the cluster starts. */
function starting(): Node {
  return h("div", { class: "starting" }, h("span", { class: "seed", "aria-hidden": "true" }), h("p", {}, "Starting the cluster…"));
}

/** The veil where there is no cluster; more buttons may follow. */
export function broken(e: unknown, ...more: Node[]): Node {
  const crashed = e instanceof CrashError;
  const message = e instanceof Error ? e.message : String(e);
  return h(
    "div",
    { class: "broken", role: "alert" },
    h("h2", {}, crashed ? "The cluster stopped unexpectedly" : "The cluster could not be started"),
    h("p", {}, crashed ? "This is a fault of the simulator, not of what you typed. What you did so far is saved." : message),
    more.length > 0 && h("div", { class: "row" }, ...more),
    crashed && h("details", {}, h("summary", {}, "What it said"), h("pre", { tabindex: "0" }, e.trace || message)),
  );
}

async function text(url: URL): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`.trim());
  return response.text();
}
