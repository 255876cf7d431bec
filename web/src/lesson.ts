/** <terrarium-lesson src="…/folder">: a lesson beside the terminal of its own cluster. */
import { createCluster, type Cluster, type ClusterEvent } from "./cluster.js";
import { h, rich, sheet, svg } from "./dom.js";
import { icon } from "./icons.js";
import { commandBlock, fileBlock, hintBlock, noteBlock, outputBlock, type Actions } from "./lesson/blocks.js";
import { Checkpoint } from "./lesson/checkpoint.js";
import { FlowPicture } from "./lesson/flow.js";
import { quizBlock, type QuizState } from "./lesson/quiz.js";
import { Splitter } from "./lesson/splitter.js";
import { CrashError, RequestError } from "./link.js";
import type { Block, CheckState, Lesson, LessonFile, Progress, Step } from "./protocol.js";
import { openKeeper, type Keeper, type Remembered } from "./store.js";
import baseCss from "./style/base.css";
import lessonCss from "./style/lesson.css";
import { broken, TerrariumTerminal } from "./terminal.js";

const sheets = sheet(baseCss, lessonCss);

/** Below this width, lesson and terminal lie one above the other. */
const narrow = 860;

const scrolling = new Set([" ", "PageUp", "PageDown", "ArrowUp", "ArrowDown", "Home", "End"]);

/** Files of every lesson folder; others are read where these name them. */
const plainFiles = ["lesson.md", "scenario.yaml", "setup.sh"];

export class TerrariumLesson extends HTMLElement {
  static observedAttributes = ["src"];

  private readonly sheet = h("article", { class: "sheet", tabindex: "-1" });
  private readonly terminal = document.createElement("terrarium-terminal") as TerrariumTerminal;
  private readonly layout = h("div", { class: "layout" });
  private readonly heard = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  private readonly splitter = new Splitter(this.layout);
  private readonly resizes = new ResizeObserver(() => this.arrange());
  private readonly actions: Actions = {
    run: async (command, focus) => {
      const cluster = await this.ready;
      const ran = !!cluster && (await this.terminal.run(command));
      if (ran && focus) this.terminal.focus();
      return ran;
    },
    writeFile: async (path, content) => (await this.ready)?.writeFile(path, content),
    say: (text) => this.terminal.say(text),
  };

  private joined: Cluster | undefined;
  private ready: Promise<Cluster | undefined> = Promise.resolve(undefined);
  private opening = 0;
  private lesson: Lesson | undefined;
  private image: URL | undefined | "";
  private keeper: Keeper | undefined;
  private remembered: Remembered = {};
  private flow: FlowPicture | undefined;
  private checkpoints: Checkpoint[] = [];
  private progress: Progress = { checkpoints: [], flow: [] };
  private journal = 0;
  private rail: { link: HTMLElement; section: HTMLElement; checkpoints: string[] }[] = [];
  private reading: IntersectionObserver | undefined;
  private tally = h("span", { class: "tally" });
  private finish = h("section", { class: "finish", hidden: true });

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = sheets;
    this.terminal.setAttribute("detached", "");
    this.await();
    this.layout.append(this.sheet, this.splitter.handle, this.terminal, this.heard);
    root.append(this.layout);
    this.addEventListener("keydown", (e) => this.key(e));
    this.terminal.addEventListener("leave", () => this.sheet.focus());
    this.terminal.addEventListener("reset", () => this.forget());
    this.terminal.addEventListener("ready", (e) => e.stopPropagation());
  }

  connectedCallback(): void {
    this.resizes.observe(this);
    this.arrange(); // the observer tells after the first frame
    document.addEventListener("keydown", this.stray, { capture: true });
    if (!this.opening) void this.open();
  }

  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.resizes.disconnect();
      document.removeEventListener("keydown", this.stray, { capture: true });
      this.shut();
    });
  }

  attributeChangedCallback(): void {
    if (this.isConnected) void this.open();
  }

  /** The lesson's cluster; undefined until the event `ready`. */
  get cluster(): Cluster | undefined {
    return this.joined;
  }

  private get folder(): URL {
    return new URL((this.getAttribute("src") ?? "").replace(/\/?$/, "/"), document.baseURI);
  }

  /** Reads the lesson, draws it, and starts its cluster with what was kept of the session. */
  private async open(): Promise<void> {
    const turn = ++this.opening;
    this.shut();
    if (!this.getAttribute("src")) return;
    this.await();
    let settle!: (c: Cluster | undefined) => void;
    this.ready = new Promise((resolve) => (settle = resolve));
    try {
      const [file, { keeper, remembered, log }, size] = await Promise.all([readLesson(this.folder), kept(this.session()), this.terminal.measure()]);
      if (turn !== this.opening) return keeper.close();
      this.keeper = keeper;
      this.remembered = remembered;
      if (file.lesson) this.draw(file.lesson);
      this.image = file.image && new URL(file.image, this.folder);
      await this.start(file.files, log, size, !file.lesson);
      settle(this.joined);
    } catch (e) {
      settle(undefined);
      if (turn !== this.opening) return;
      if (!this.lesson) {
        this.sheet.replaceChildren(unread(e, () => void this.open()));
        this.terminal.wait("");
        this.terminal.replaceChildren();
      }
      this.dispatchEvent(new CustomEvent("error", { detail: e }));
    }
  }

  /** Takes the room of a lesson that is still to come. */
  private await(): void {
    this.sheet.replaceChildren(skeleton());
    this.terminal.replaceChildren(h("div", { slot: "above", class: "reserved" }));
  }

  private session(): string | null {
    const storage = this.getAttribute("storage");
    return storage === "none" ? null : storage || this.folder.pathname;
  }

  private async start(files: Record<string, string>, log: Uint8Array | undefined, size: { cols: number; rows: number }, unparsed: boolean, undo = false): Promise<void> {
    const options = { lesson: files, image: this.image, seed: this.getAttribute("seed") ?? undefined, wasm: this.getAttribute("wasm") ?? undefined, log, undo, ...size };
    let cluster: Cluster;
    try {
      cluster = await createCluster(options);
    } catch (e) {
      this.offerRepair(e, files, log, size);
      throw e;
    }
    this.joined = cluster;
    if (unparsed && cluster.opened.lesson) this.draw(cluster.opened.lesson);
    cluster.onEvent((event) => this.event(event, files, size));
    this.terminal.cluster = cluster;
    if (this.keeper && !this.keeper.keeps && this.session()) this.terminal.say("This lesson is open in another tab: what you do here is not kept.");
    if (cluster.opened.progress) this.show(cluster.opened.progress);
    this.dispatchEvent(new CustomEvent("ready", { detail: { cluster, lesson: this.lesson }, bubbles: true, composed: true }));
  }

  private event(event: ClusterEvent, files: Record<string, string>, size: { cols: number; rows: number }): void {
    switch (event.type) {
      case "journal":
        if (event.whole) {
          this.keeper?.replace(event.bytes);
          this.journal = event.bytes.length;
          this.rewind();
        } else {
          this.keeper?.append(event.bytes);
          this.journal += event.bytes.length;
        }
        return;
      case "time":
        if (event.tail) this.keeper?.end(event.tail);
        return;
      case "progress":
        return this.show(event.progress);
      case "crash":
        void this.keeper?.log().then((log) => this.offerRepair(event.error, files, log, size));
    }
  }

  /** What can be done when a cluster crashed or a kept log could not be played. */
  private offerRepair(e: unknown, files: Record<string, string>, log: Uint8Array | undefined, size: { cols: number; rows: number }): void {
    const again = (title: string, cls: string, kept: Uint8Array | undefined, undo: boolean) =>
      h(
        "button",
        {
          type: "button",
          class: cls,
          onclick: () => {
            this.joined?.close();
            this.terminal.wait("Starting the cluster…");
            this.ready = this.start(files, kept, size, false, undo).then(
              () => this.joined,
              () => undefined,
            );
          },
        },
        title,
      );
    const save = h("a", { class: "plain", download: "terrarium-session.log", href: log ? URL.createObjectURL(new Blob([log as BlobPart])) : undefined }, "Save the session log");
    const kept = log && (e instanceof CrashError || e instanceof RequestError);
    this.terminal.wait(
      broken(e, ...(kept ? [again("Go on without the last command", "primary", log, true), again("Play it all again", "", log, false)] : []), again(kept ? "Start over" : "Try again", "", undefined, false), ...(log ? [save] : [])),
    );
    this.dispatchEvent(new CustomEvent("crash", { detail: { error: e, log }, bubbles: true, composed: true }));
  }

  private shut(): void {
    this.flow?.close();
    this.flow?.figure.remove();
    this.flow = undefined;
    this.reading?.disconnect();
    this.terminal.cluster = undefined;
    this.joined?.close();
    this.joined = undefined;
    this.keeper?.close();
    this.keeper = undefined;
    this.lesson = undefined;
    this.checkpoints = [];
    this.rail = [];
  }

  /** Reset: the cluster starts over by itself, here the rest of the session is forgotten. */
  private forget(): void {
    this.remembered = {};
    void this.keeper?.forget();
    if (!this.lesson) return;
    const at = this.sheet.scrollTop;
    this.draw(this.lesson);
    this.sheet.scrollTop = at;
  }

  // Drawing.

  private draw(lesson: Lesson): void {
    this.terminal.querySelector(".reserved")?.remove();
    this.lesson = lesson;
    this.checkpoints = [];
    this.rail = [];
    this.flow?.close();
    this.flow?.figure.remove();
    this.flow = lesson.flow && new FlowPicture(lesson.flow);
    const sections = lesson.steps.map((step, i) => this.step(step, lesson, i));
    const meta = [lesson.duration && h("span", {}, icon("clock"), lesson.duration), lesson.level && h("span", {}, icon("leaf"), lesson.level)];
    this.finish = h("section", { class: "finish", hidden: true }, sprout(), h("h2", {}, "All checkpoints passed"), h("p", {}, "The cluster is yours now: go on trying things, or start over with Reset."), h("slot", { name: "next" }));
    this.sheet.replaceChildren(
      h(
        "header",
        { class: "head" },
        h("p", { class: "kicker" }, lesson.course ?? "Lesson"),
        h("h1", {}, lesson.title),
        h("p", { class: "summary" }, lesson.summary),
        h("p", { class: "meta" }, ...meta),
      ),
      h("div", { class: "inset" }),
      h("nav", { class: "rail", "aria-label": "Steps" }, h("ol", {}, ...this.rail.map((r) => h("li", {}, r.link))), this.tally),
      ...sections,
      this.finish,
    );
    this.settleLinks();
    this.arrange();
    this.spy();
    this.show(this.progress);
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (wanted) this.rail.find((r) => r.section.id === wanted)?.section.scrollIntoView();
  }

  /** Pictures and links of the text are relative to the lesson's folder. */
  private settleLinks(): void {
    for (const [selector, name] of [["img[src]", "src"], ["a[href]", "href"]] as const)
      for (const el of this.sheet.querySelectorAll(selector)) {
        const to = el.getAttribute(name)!;
        if (!/^([a-z]+:|#|\/)/.test(to)) el.setAttribute(name, new URL(to, this.folder).href);
      }
  }

  private step(step: Step, lesson: Lesson, index: number): HTMLElement {
    const introduction = index === 0 && step.title === lesson.title;
    const number = index + (lesson.steps[0]?.title === lesson.title ? 0 : 1);
    const blocks = step.blocks.map((b) => this.block(b));
    const section = h(
      "section",
      { id: step.id, class: introduction ? "step introduction" : "step", "aria-label": introduction ? "Introduction" : undefined },
      !introduction && h("h2", { id: `${step.id}-title`, tabindex: "-1" }, h("span", { class: "number", "aria-hidden": "true" }, String(number)), step.title),
      ...blocks,
    );
    if (introduction) return section;
    section.setAttribute("aria-labelledby", `${step.id}-title`);
    const link = h(
      "a",
      {
        href: `#${step.id}`,
        title: step.title,
        onclick: (e: Event) => {
          e.preventDefault();
          section.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
          section.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
          this.dispatchEvent(new CustomEvent("step", { detail: { id: step.id }, bubbles: true, composed: true }));
        },
      },
      h("span", { class: "unseen" }, "Step "),
      h("span", { class: "dot" }, String(number)),
      h("span", { class: "label" }, step.title),
    );
    this.rail.push({ link, section, checkpoints: step.blocks.flatMap((b) => (b.kind === "checkpoint" ? [b.id] : [])) });
    return section;
  }

  private block(b: Block): HTMLElement {
    switch (b.kind) {
      case "html": {
        const el = rich(b.html);
        el.className = "prose";
        return el;
      }
      case "command":
        return commandBlock(b.text, b.run ?? false, this.actions);
      case "file":
        return fileBlock(b.path, b.content, b.language, this.actions);
      case "output":
        return outputBlock(b.text, b.language, this.actions);
      case "hint":
        return hintBlock(b.title, b.html);
      case "note":
        return noteBlock(b.tone, b.html);
      case "quiz":
        return quizBlock(b, this.remembered.quizzes?.[b.id], (state) => this.answered(b.id, state));
      case "checkpoint": {
        const checkpoint = new Checkpoint(b.id, b.title, b.hint, b.after);
        this.checkpoints.push(checkpoint);
        return checkpoint.element;
      }
    }
  }

  private answered(id: string, state: QuizState): void {
    this.remember({ quizzes: { ...this.remembered.quizzes, [id]: state } });
    this.dispatchEvent(new CustomEvent("quiz", { detail: { id, ...state }, bubbles: true, composed: true }));
  }

  private remember(what: Partial<Remembered>): void {
    this.remembered = { ...this.remembered, ...what };
    this.keeper?.remember(this.remembered);
  }

  // Progress.

  private passed(id: string): boolean {
    return this.remembered.passed?.[id] !== undefined;
  }

  /** A checkpoint stays passed while the command that passed it stands; later ones may change the cluster again. */
  private show(progress: Progress): void {
    this.progress = progress;
    const fresh: CheckState[] = [];
    for (const c of progress.checkpoints) {
      const after = this.checkpoints.find((x) => x.id === c.id)?.after;
      if (!c.passed || this.passed(c.id) || (after && !this.passed(after))) continue;
      fresh.push(c);
      this.remember({ passed: { ...this.remembered.passed, [c.id]: this.journal } });
    }
    for (const checkpoint of this.checkpoints) {
      const state = progress.checkpoints.find((c) => c.id === checkpoint.id);
      checkpoint.update(state, this.passed(checkpoint.id));
      if (!fresh.some((c) => c.id === checkpoint.id)) continue;
      this.heard.textContent = `Checkpoint passed: ${checkpoint.title}`;
      this.dispatchEvent(new CustomEvent("checkpoint", { detail: { id: checkpoint.id, passed: true }, bubbles: true, composed: true }));
    }
    this.flow?.update(progress.flow);
    this.count();
  }

  /** After undo and restore, checkpoints that only commands of the past passed are open again. */
  private rewind(): void {
    const kept = Object.entries(this.remembered.passed ?? {}).filter(([, at]) => at <= this.journal);
    this.remember({ passed: Object.fromEntries(kept) });
    this.show({ checkpoints: [], flow: this.progress.flow }); // what is true now follows
  }

  private count(): void {
    const total = this.checkpoints.length;
    const passed = this.checkpoints.filter((c) => this.passed(c.id)).length;
    this.tally.textContent = total ? `${passed}/${total}` : "";
    this.tally.setAttribute("aria-label", `${passed} of ${total} checkpoints passed`);
    this.tally.setAttribute("role", "img");
    this.tally.toggleAttribute("data-all", total > 0 && passed === total);
    for (const r of this.rail) r.link.toggleAttribute("data-passed", r.checkpoints.length > 0 && r.checkpoints.every((id) => this.passed(id)));
    this.finish.hidden = !total || passed < total;
  }

  // Layout.

  private arrange(): void {
    const stacked = this.clientWidth < narrow;
    this.layout.classList.toggle("stacked", stacked);
    this.splitter.turn(stacked);
    const figure = this.flow?.figure;
    if (!figure) return;
    if (stacked) {
      figure.removeAttribute("slot");
      const inset = this.sheet.querySelector(".inset");
      if (figure.parentElement !== inset) inset?.append(figure);
    } else if (figure.parentElement !== this.terminal) {
      figure.slot = "above";
      this.terminal.append(figure);
    }
  }

  /** Marks in the rail the step that is being read. */
  private spy(): void {
    this.reading?.disconnect();
    const seen = new Set<Element>();
    this.reading = new IntersectionObserver(
      (entries) => {
        for (const e of entries) e.isIntersecting ? seen.add(e.target) : seen.delete(e.target);
        const current = this.rail.findLast((r) => seen.has(r.section)) ?? this.rail[0];
        for (const r of this.rail) r.link.toggleAttribute("aria-current", false);
        current?.link.setAttribute("aria-current", "step");
      },
      { root: this.sheet, rootMargin: "0px 0px -62% 0px" },
    );
    this.rail[0]?.link.setAttribute("aria-current", "step");
    for (const r of this.rail) this.reading.observe(r.section);
  }

  /** Keys that nothing has asked for: what is typed goes to the terminal, what scrolls, to the lesson. */
  private readonly stray = (e: KeyboardEvent): void => {
    if ((document.activeElement ?? document.body) !== document.body || e.ctrlKey || e.metaKey || e.altKey || !this.joined) return;
    if (scrolling.has(e.key)) this.sheet.focus({ preventScroll: true });
    else if (e.key.length === 1) this.terminal.focus();
  };

  private key(e: KeyboardEvent): void {
    if (e.key !== "F6" || e.defaultPrevented) return;
    if (e.composedPath().includes(this.terminal)) return; // it has left already
    e.preventDefault();
    this.terminal.focus();
  }
}

async function kept(session: string | null): Promise<{ keeper: Keeper; remembered: Remembered; log: Uint8Array | undefined }> {
  const keeper = await openKeeper(session);
  const [remembered, log] = await Promise.all([keeper.remembered(), keeper.log()]);
  return { keeper, remembered, log };
}

async function readLesson(folder: URL): Promise<Partial<LessonFile> & Pick<LessonFile, "files">> {
  const built = await fetch(new URL("lesson.json", folder));
  if (built.ok && built.headers.get("Content-Type")?.includes("json")) return (await built.json()) as LessonFile;
  const files: Record<string, string> = {};
  const read = (names: string[]) =>
    Promise.all(
      names.map(async (name) => {
        const response = await fetch(new URL(name, folder));
        if (response.ok && !response.headers.get("Content-Type")?.includes("html")) files[name] = await response.text();
      }),
    );
  await read(plainFiles);
  if (!files["lesson.md"]) throw new Error(`There is no lesson at ${folder.pathname}`);
  await read(named(files).filter((name) => !(name in files)));
  return { files };
}

/** The files of the folder that checkpoints and the scenario name: `script: check.sh`, `setup: x.sh`, `manifests: [a.yaml]`. */
function named(files: Record<string, string>): string[] {
  const name = /[\w][\w.-]*\.[a-z]+/g;
  const scripts = [...files["lesson.md"]!.matchAll(/\bscript:\s*["']?([\w][\w.-]*)["']?\s*[,}\n]/g)].map((m) => m[1]!);
  const scenario = files["scenario.yaml"] ?? "";
  const setup = scenario.match(/^setup:[ \t]*["']?([\w][\w.-]*)["']?[ \t]*$/m)?.[1];
  const manifests = scenario.match(/^manifests:(.*(?:\n(?:[ \t]*-|[ \t]+).*)*)/m)?.[1] ?? "";
  const listed = manifests.split("\n").flatMap((line, i) => (i === 0 ? (line.match(name) ?? []) : (line.match(/^[ \t]*-[ \t]*["']?([\w][\w.-]*)["']?[ \t]*$/)?.[1] ?? [])));
  return [...new Set([...scripts, ...(setup ? [setup] : []), ...listed])];
}

function skeleton(): Node {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, ...["20%", "75%", "95%", "60%", "0", "98%", "92%", "55%"].map((width) => h("span", { style: `width:${width}` })));
}

function unread(e: unknown, again: () => void): Node {
  return h(
    "div",
    { class: "unread", role: "alert" },
    h("h1", {}, "This lesson could not be opened"),
    h("p", {}, e instanceof Error ? e.message : String(e)),
    h("button", { type: "button", class: "primary", onclick: again }, "Try again"),
  );
}

/** The small plant of a finished lesson. */
function sprout(): Node {
  return svg(
    "svg",
    { viewBox: "0 0 48 48", class: "sprout", "aria-hidden": "true" },
    svg("path", { class: "stalk", d: "M24 44V22" }),
    svg("path", { class: "left", d: "M24 30C12 30 8 22 8 14C18 14 24 20 24 30Z" }),
    svg("path", { class: "right", d: "M24 24C24 13 30 6 41 6C41 17 35 24 24 24Z" }),
  );
}
