/** nano: its title bar, its keys, its questions and its two lines of shortcuts. */
import * as commands from "@codemirror/commands";
import { SearchCursor } from "@codemirror/search";
import { EditorSelection, EditorState, Prec, type Text } from "@codemirror/state";
import { EditorView, keymap, type Command, type KeyBinding } from "@codemirror/view";
import { h } from "../dom.js";
import { asFile, beside, written, type Session } from "./editor.js";

type Shortcut = [keys: string, text: string, run: () => void];

/** What the status line asks: a text, or one of a few keys. */
interface Question {
  label: string;
  value?: string;
  /** Keys that answer at once, with their texts; without them, Enter gives the text. */
  choices?: [key: string, text: string][];
  answer: (text: string) => void;
}

export function openNano(session: Session): EditorView {
  return new Nano(session).view;
}

class Nano {
  readonly view: EditorView;
  private name: string;
  private clean: Text;
  /** The file that is being written, if one is: what comes after waits for it. */
  private writing: Promise<boolean> | undefined;
  private cutBuffer = "";
  private cutting = false;
  private mark: number | undefined;
  private wanted = "";
  private readonly title = h("span", { class: "name" });
  private readonly modified = h("span", { class: "modified" });
  private readonly status = h("div", { class: "status" });
  private readonly shortcuts = h("div", { class: "shortcuts" });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly session: Session) {
    const { edit } = session;
    this.name = edit.name || edit.path;
    // nano shows the last line without its newline as a line of its own.
    this.view = new EditorView({
      root: session.root,
      state: EditorState.create({
        doc: edit.content,
        extensions: [
          Prec.highest(keymap.of(this.keys())),
          commands.history(),
          keymap.of([{ key: "Tab", run: commands.insertTab }, ...commands.standardKeymap]),
          ...session.extensions,
          EditorView.updateListener.of((u) => {
            if (u.docChanged) this.drawTitle();
            if (u.docChanged && !this.cutting) this.status.replaceChildren();
            if (u.selectionSet && this.mark !== undefined && u.state.selection.main.empty) this.extend();
          }),
          EditorView.domEventHandlers({
            beforeinput: () => {
              this.mark = undefined;
              this.cutting = false;
            },
          }),
        ],
      }),
    });
    this.clean = this.view.state.doc;
    const body = h("div", { class: "text" });
    body.append(this.view.dom);
    session.host.replaceChildren(
      h(
        "div",
        { class: "nano" },
        h("div", { class: "title" }, h("span", { class: "program" }, "GNU nano 7.2"), this.title, this.modified),
        body,
        this.status,
        this.shortcuts,
      ),
    );
    this.status.setAttribute("role", "status");
    this.title.textContent = this.name;
    this.drawShortcuts();
    if (edit.fresh) this.tell("New File");
    else this.tell(`Read ${lines(this.view.state.doc)}`);
  }

  private get changed(): boolean {
    return !this.view.state.doc.eq(this.clean);
  }

  private keys(): KeyBinding[] {
    const on = (key: string | string[], run: (view: EditorView) => unknown): KeyBinding[] =>
      [key].flat().map((k) => ({
        key: k,
        preventDefault: true,
        stopPropagation: true,
        run: (view) => {
          if (!/^(Ctrl-k|F9|Alt-6)$/.test(k)) this.cutting = false;
          run(view);
          return true;
        },
      }));
    return [
      ...on(["Ctrl-x", "F2"], () => this.exit()),
      ...on(["Ctrl-o", "F3"], () => this.writeOut()),
      ...on("Ctrl-s", () => this.write(this.name)),
      ...on(["Ctrl-r", "Insert"], () => this.readFile()),
      ...on(["Ctrl-w", "F6"], () => this.search()),
      ...on(["Alt-w"], () => this.findNext(1)),
      ...on(["Ctrl-q"], () => this.search(-1)),
      ...on(["Alt-q"], () => this.findNext(-1)),
      ...on(["Ctrl-\\", "Alt-r"], () => this.replace()),
      ...on(["Ctrl-k", "F9"], () => this.cut()),
      ...on(["Alt-6", "Ctrl-Shift-6"], () => this.copy()),
      ...on(["Ctrl-u", "F10"], () => this.paste()),
      ...on(["Alt-a", "Ctrl-6"], () => this.setMark()),
      ...on(["Ctrl-c", "F11"], () => this.location()),
      ...on(["Ctrl-/", "Ctrl-_", "Alt-g"], () => this.goTo()),
      ...on(["Ctrl-g", "F1"], () => this.help()),
      ...on(["Ctrl-t", "Ctrl-j", "F4"], () => this.tell("Not available here")),
      ...on("Ctrl-l", () => this.view.requestMeasure()),
      ...on("Alt-u", commands.undo),
      ...on("Alt-e", commands.redo),
      ...on("Ctrl-a", commands.cursorLineStart),
      ...on("Ctrl-e", commands.cursorLineEnd),
      ...on("Ctrl-f", commands.cursorCharForward),
      ...on("Ctrl-b", commands.cursorCharBackward),
      ...on("Ctrl-p", commands.cursorLineUp),
      ...on("Ctrl-n", commands.cursorLineDown),
      ...on(["Ctrl-y", "F7"], commands.cursorPageUp),
      ...on(["Ctrl-v", "F8"], commands.cursorPageDown),
      ...on("Ctrl-d", commands.deleteCharForward),
      ...on("Ctrl-h", commands.deleteCharBackward),
      ...on("Ctrl-m", commands.insertNewline),
      ...on("Ctrl-i", commands.insertTab),
      ...on("Ctrl-Space", commands.cursorGroupForward),
      ...on("Alt-Space", commands.cursorGroupBackward),
      ...on(["Alt-\\", "Ctrl-Home"], commands.cursorDocStart),
      ...on(["Alt-/", "Ctrl-End"], commands.cursorDocEnd),
      ...on("Alt-t", () => this.cutToEnd()),
      ...on("Alt-d", () => this.count()),
      ...on("Enter", commands.insertNewline),
    ];
  }

  private drawTitle(): void {
    this.modified.textContent = this.changed ? "Modified" : "";
  }

  private drawShortcuts(question?: Question): void {
    const usual: Shortcut[] = [
      ["^G", "Help", () => this.help()],
      ["^O", "Write Out", () => this.writeOut()],
      ["^W", "Where Is", () => this.search()],
      ["^K", "Cut", () => this.cut()],
      ["^C", "Location", () => this.location()],
      ["M-U", "Undo", () => this.command(commands.undo)],
      ["^X", "Exit", () => this.exit()],
      ["^R", "Read File", () => this.readFile()],
      ["^\\", "Replace", () => this.replace()],
      ["^U", "Paste", () => this.paste()],
      ["^/", "Go To Line", () => this.goTo()],
      ["M-E", "Redo", () => this.command(commands.redo)],
    ];
    const asked: Shortcut[] = question?.choices
      ? [...question.choices.map(([key, text]): Shortcut => [key, text, () => this.answered(question, key)]), ["^C", "Cancel", () => this.cancel()]]
      : [
          ["Enter", "OK", () => this.answered(question!, this.status.querySelector("input")?.value ?? "")],
          ["^C", "Cancel", () => this.cancel()],
        ];
    this.shortcuts.classList.toggle("asked", !!question);
    this.shortcuts.replaceChildren(
      ...(question ? asked : usual).map(([keys, text, run]) =>
        h("button", { type: "button", tabindex: "-1", onmousedown: (e: Event) => e.preventDefault(), onclick: run }, h("kbd", {}, keys), ` ${text}`),
      ),
    );
  }

  /** A message in the status line, as `[ Wrote 3 lines ]`, for a while. */
  private tell(text: string): void {
    if (this.status.querySelector(".question")) return; // asked since
    clearTimeout(this.timer);
    this.status.replaceChildren(h("span", { class: "message" }, `[ ${text} ]`));
    this.timer = setTimeout(() => this.status.querySelector(".message")?.remove(), 6000);
  }

  private ask(question: Question): void {
    clearTimeout(this.timer);
    const input = h("input", { type: "text", "aria-label": question.label, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
    input.value = question.value ?? "";
    if (question.choices) input.classList.add("key");
    input.addEventListener("keydown", (e) => {
      if (e.key === "Escape" || (e.ctrlKey && e.key === "c")) this.cancel();
      else if (question.choices) {
        const hit = question.choices.find(([key]) => key.toLowerCase() === e.key.toLowerCase() || (e.ctrlKey && key === `^${e.key.toUpperCase()}`));
        if (hit) this.answered(question, hit[0]);
      } else if (e.key === "Enter") this.answered(question, input.value);
      else if (!(e.ctrlKey && /^[kuxowrqg\\]$/.test(e.key))) return;
      e.preventDefault();
      e.stopPropagation();
    });
    this.status.replaceChildren(h("label", { class: "question" }, h("span", {}, question.label), input));
    this.drawShortcuts(question);
    input.focus();
  }

  private answered(question: Question, text: string): void {
    this.closeQuestion();
    question.answer(text);
  }

  private cancel(): void {
    this.closeQuestion();
    this.tell("Cancelled");
  }

  private closeQuestion(): void {
    this.status.replaceChildren();
    this.drawShortcuts();
    this.view.focus();
  }

  private command(run: Command): void {
    run(this.view);
    this.view.focus();
  }

  private exit(): void {
    if (this.writing) return void this.writing.then(() => this.exit());
    if (!this.changed) return this.close();
    this.ask({
      label: "Save modified buffer? ",
      choices: [
        ["Y", "Yes"],
        ["N", "No"],
      ],
      answer: (key) => (key === "Y" ? this.writeOut(true) : this.close()),
    });
  }

  private close(): void {
    clearTimeout(this.timer);
    this.session.done(written);
  }

  private writeOut(leave = false): void {
    this.ask({
      label: "File Name to Write: ",
      value: this.name,
      answer: (name) => {
        this.writing = this.write(name.trim()).finally(() => (this.writing = undefined));
        void this.writing.then((ok) => ok && leave && this.close());
      },
    });
  }

  private async write(name: string): Promise<boolean> {
    if (!name) {
      this.tell("Cancelled");
      return false;
    }
    const { edit, cluster } = this.session;
    const doc = this.view.state.doc;
    try {
      await cluster.writeFile(name === this.name ? edit.path : beside(edit.path, name), asFile(doc));
    } catch (e) {
      this.tell(`Error writing ${name}: ${e instanceof Error ? e.message : e}`);
      return false;
    }
    this.clean = doc;
    this.drawTitle();
    this.tell(`Wrote ${lines(doc)}`);
    return true;
  }

  private readFile(): void {
    this.ask({
      label: "File to insert [from ./]: ",
      answer: (name) => {
        const bytes = this.session.cluster.readFile(beside(this.session.edit.path, name.trim()));
        bytes.then(
          (b) => {
            const text = new TextDecoder().decode(b);
            this.view.dispatch(this.view.state.replaceSelection(text));
            this.tell(`Read ${lines(this.view.state.toText(text))}`);
          },
          () => this.tell(`File "${name}" not found`),
        );
      },
    });
  }

  private search(direction = 1): void {
    const before = this.wanted ? ` [${this.wanted}]` : "";
    this.ask({
      label: `Search${direction < 0 ? " [Backwards]" : ""}${before}: `,
      answer: (text) => {
        if (text) this.wanted = text;
        if (this.wanted) this.findNext(direction);
        else this.tell("Cancelled");
      },
    });
  }

  private findNext(direction: number): void {
    if (!this.wanted) return this.tell("No current search pattern");
    const { doc, selection } = this.view.state;
    const fold = (s: string) => s.toLowerCase();
    const all: number[] = [];
    const cursor = new SearchCursor(doc, this.wanted, 0, doc.length, fold);
    while (!cursor.next().done) all.push(cursor.value.from);
    const here = selection.main.head;
    const ahead = direction > 0 ? all.find((at) => at > here) : all.findLast((at) => at < here);
    const at = ahead ?? (direction > 0 ? all[0] : all.at(-1));
    if (at === undefined) return this.tell(`"${this.wanted}" not found`);
    this.view.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    if (all.length === 1 && at === here) this.tell("This is the only occurrence");
    else if (ahead === undefined) this.tell("Search Wrapped");
  }

  private replace(): void {
    this.ask({
      label: `Search (to replace)${this.wanted ? ` [${this.wanted}]` : ""}: `,
      answer: (text) => {
        this.wanted = text || this.wanted;
        if (!this.wanted) return this.tell("Cancelled");
        this.ask({ label: "Replace with: ", answer: (by) => this.replaceFrom(this.view.state.selection.main.head, by, 0, false) });
      },
    });
  }

  private replaceFrom(from: number, by: string, count: number, every: boolean): void {
    const cursor = new SearchCursor(this.view.state.doc, this.wanted, from, this.view.state.doc.length, (s) => s.toLowerCase());
    if (cursor.next().done) return this.tell(count === 1 ? "Replaced 1 occurrence" : `Replaced ${count} occurrences`);
    const { from: start, to } = cursor.value;
    const put = (all: boolean) => {
      this.view.dispatch({ changes: { from: start, to, insert: by }, selection: { anchor: start + by.length }, scrollIntoView: true });
      this.replaceFrom(start + by.length, by, count + 1, all);
    };
    if (every) return put(true);
    this.view.dispatch({ selection: { anchor: start, head: to }, scrollIntoView: true });
    this.ask({
      label: "Replace this instance? ",
      choices: [
        ["Y", "Yes"],
        ["N", "No"],
        ["A", "All"],
      ],
      answer: (key) => (key === "N" ? this.replaceFrom(to, by, count, false) : put(key === "A")),
    });
  }

  private setMark(): void {
    this.mark = this.mark === undefined ? this.view.state.selection.main.head : undefined;
    this.tell(this.mark === undefined ? "Mark Unset" : "Mark Set");
    if (this.mark === undefined) this.view.dispatch({ selection: { anchor: this.view.state.selection.main.head } });
  }

  private extend(): void {
    const head = this.view.state.selection.main.head;
    if (this.mark === undefined || this.mark === head) return;
    this.view.dispatch({ selection: EditorSelection.single(Math.min(this.mark, this.view.state.doc.length), head) });
  }

  /** The marked text, or the line with its end. */
  private region(): { from: number; to: number } {
    const { main } = this.view.state.selection;
    if (!main.empty) return main;
    const line = this.view.state.doc.lineAt(main.head);
    return { from: line.from, to: Math.min(line.to + 1, this.view.state.doc.length) };
  }

  private take(): { from: number; to: number } {
    const r = this.region();
    let text = this.view.state.sliceDoc(r.from, r.to);
    if (this.view.state.selection.main.empty && text && !text.endsWith("\n")) text += "\n"; // nano ends every line
    this.cutBuffer = this.cutting ? this.cutBuffer + text : text;
    this.cutting = true;
    this.mark = undefined;
    return r;
  }

  private cut(): void {
    const r = this.take();
    this.view.dispatch({ changes: r, scrollIntoView: true });
    this.view.focus();
  }

  private copy(): void {
    const r = this.take();
    this.view.dispatch({ selection: { anchor: r.to } });
  }

  private cutToEnd(): void {
    this.cutBuffer = this.view.state.sliceDoc(this.view.state.selection.main.head);
    this.view.dispatch({ changes: { from: this.view.state.selection.main.head, to: this.view.state.doc.length } });
  }

  private paste(): void {
    if (!this.cutBuffer) return this.tell("Cutbuffer is empty");
    this.view.dispatch(this.view.state.replaceSelection(this.cutBuffer), { scrollIntoView: true });
    this.view.focus();
  }

  private location(): void {
    const { doc, selection } = this.view.state;
    const at = selection.main.head;
    const line = doc.lineAt(at);
    const share = (n: number, of: number) => `${n}/${of} (${of ? Math.round((100 * n) / of) : 100}%)`;
    this.tell(`line ${share(line.number, doc.lines)}, col ${share(at - line.from + 1, line.length + 1)}, char ${share(at, doc.length)}`);
  }

  private count(): void {
    const { doc } = this.view.state;
    const words = doc.toString().split(/\s+/).filter(Boolean).length;
    this.tell(`In Buffer:  ${lines(doc)}, ${words} word${words === 1 ? "" : "s"}, ${doc.length} characters`);
  }

  private goTo(): void {
    this.ask({
      label: "Enter line number, column number: ",
      answer: (text) => {
        const [row, column = 1] = text.split(/[,.;\s]+/).map(Number);
        const { doc } = this.view.state;
        if (!row || Number.isNaN(row) || Number.isNaN(column)) return this.tell("Invalid line or column number");
        const line = doc.line(Math.min(Math.max(row < 0 ? doc.lines + 1 + row : row, 1), doc.lines));
        this.view.dispatch({ selection: { anchor: Math.min(line.from + Math.max(column, 1) - 1, line.to) }, scrollIntoView: true });
      },
    });
  }

  private help(): void {
    this.tell("^ is the Ctrl key, M- is Alt. ^O writes the file, ^X leaves.");
  }
}

function lines(doc: Text): string {
  const n = doc.length === 0 ? 0 : doc.line(doc.lines).length === 0 ? doc.lines - 1 : doc.lines;
  return n === 1 ? "1 line" : `${n} lines`;
}
