/** vi and vim: CodeMirror's vim keys, with vim's status line and its commands that read, write and leave. */
import * as commands from "@codemirror/commands";
import { EditorState, type Text } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { getCM, Vim, vim } from "@replit/codemirror-vim";
import { h } from "../dom.js";
import { asFile, beside, written, type Session } from "./editor.js";

/** codemirror-vim's commands are global; they act on the editor that is open. */
let open: Vi | undefined;
let defined = false;

export function openVi(session: Session): EditorView {
  defineCommands();
  open = new Vi(session);
  return open.view;
}

interface Params {
  args?: string[];
  argString?: string;
}

function defineCommands(): void {
  if (defined) return;
  defined = true;
  const ex = (name: string, short: string, run: (vi: Vi, bang: boolean, name: string) => void) =>
    Vim.defineEx(name, short, (_cm: unknown, params: Params) => {
      const text = (params.argString ?? "").trim();
      if (open) run(open, text.startsWith("!"), text.replace(/^!/, "").trim());
    });
  ex("write", "w", (vi, _bang, name) => void vi.write(name));
  ex("quit", "q", (vi, bang) => vi.quit(bang));
  ex("qall", "qa", (vi, bang) => vi.quit(bang));
  ex("wq", "wq", (vi, _bang, name) => void vi.writeAndQuit(name));
  ex("wqall", "wqa", (vi) => void vi.writeAndQuit(""));
  ex("xit", "x", (vi, _bang, name) => void vi.exit(name));
  ex("exit", "exi", (vi, _bang, name) => void vi.exit(name));
  ex("edit", "e", (vi, bang) => vi.again(bang));
  ex("read", "r", (vi, _bang, name) => void vi.read(name));
  Vim.defineAction("writeAndLeave", () => void open?.exit(""));
  Vim.defineAction("leaveUnsaved", () => open?.quit(true));
  Vim.mapCommand("ZZ", "action", "writeAndLeave", {}, { context: "normal" });
  Vim.mapCommand("ZQ", "action", "leaveUnsaved", {}, { context: "normal" });
}

class Vi {
  readonly view: EditorView;
  private saved: string | undefined;
  private clean: Text;
  /** The file that is being written, if one is: leaving waits for it. */
  private writing: Promise<boolean> | undefined;
  private readonly message = h("span", { class: "message", role: "status" });
  private readonly ruler = h("span", { class: "ruler" });
  private readonly mode = h("span", { class: "mode" });
  private readonly tildes = h("div", { class: "tildes", "aria-hidden": "true" }, "~\n".repeat(60));

  constructor(private readonly session: Session) {
    const { edit } = session;
    this.view = new EditorView({
      root: session.root,
      state: EditorState.create({
        // vi does not show the newline that ends the last line as another line.
        doc: edit.content.replace(/\n$/, ""),
        extensions: [
          vim({ status: false }),
          commands.history(),
          keymap.of([{ key: "Tab", run: commands.insertTab }, { key: "Enter", run: commands.insertNewline }, ...commands.standardKeymap]),
          ...session.extensions,
          EditorView.updateListener.of(() => this.drawRuler()),
        ],
      }),
    });
    this.clean = this.view.state.doc;
    const body = h("div", { class: "text" });
    body.append(this.view.dom, this.tildes);
    this.view.scrollDOM.addEventListener("scroll", () => this.drawRuler(), { passive: true });
    session.host.replaceChildren(h("div", { class: "vi" }, body, h("div", { class: "statusline" }, this.mode, this.message, this.ruler)));
    getCM(this.view)?.on("vim-mode-change", (e: { mode: string; subMode?: string }) => this.drawMode(e.mode, e.subMode));
    this.say(`"${edit.name || edit.path}" ${edit.fresh ? "[New]" : size(edit.content)}`);
    this.drawRuler();
  }

  write(name: string): Promise<boolean> {
    const written = this.put(name).finally(() => this.writing === written && (this.writing = undefined));
    return (this.writing = written);
  }

  private async put(name: string): Promise<boolean> {
    const { edit, cluster } = this.session;
    const doc = this.view.state.doc;
    const content = asFile(doc.length === 0 && edit.content === "" ? "" : doc.toString() + "\n");
    const path = name && name !== edit.name ? beside(edit.path, name) : edit.path;
    if (/^view$/.test(edit.program) && !name) {
      this.say("E45: 'readonly' option is set (add ! to override)", true);
      return false;
    }
    const fresh = edit.fresh && path === edit.path && this.saved === undefined;
    try {
      await cluster.writeFile(path, content);
      if (path === edit.path) {
        this.saved = content;
        this.clean = doc;
      }
    } catch {
      this.say(`E212: Can't open file for writing`, true);
      return false;
    }
    this.say(`"${name || edit.name || edit.path}" ${fresh ? "[New] " : ""}${size(content)} written`);
    return true;
  }

  quit(bang: boolean): void {
    if (this.writing) return void this.writing.then(() => this.quit(bang));
    if (!bang && this.changed) return this.say("E37: No write since last change (add ! to override)", true);
    open = undefined;
    this.session.done(written);
  }

  async writeAndQuit(name: string): Promise<void> {
    if (await this.write(name)) this.quit(true);
  }

  /** :x and ZZ write only where something changed. */
  async exit(name: string): Promise<void> {
    if (!this.changed && !name) return this.quit(true);
    await this.writeAndQuit(name);
  }

  again(bang: boolean): void {
    if (!bang && this.changed) return this.say("E37: No write since last change (add ! to override)", true);
    const text = (this.saved ?? this.session.edit.content).replace(/\n$/, "");
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.clean = this.view.state.doc;
  }

  async read(name: string): Promise<void> {
    try {
      const text = new TextDecoder().decode(await this.session.cluster.readFile(beside(this.session.edit.path, name)));
      const line = this.view.state.doc.lineAt(this.view.state.selection.main.head);
      this.view.dispatch({ changes: { from: line.to, insert: "\n" + text.replace(/\n$/, "") } });
      this.say(`"${name}" ${size(text)}`);
    } catch {
      this.say(`E484: Can't open file ${name}`, true);
    }
  }

  private get changed(): boolean {
    return !this.view.state.doc.eq(this.clean);
  }

  private say(text: string, error = false): void {
    this.message.textContent = text;
    this.message.classList.toggle("error", error);
  }

  private drawMode(mode: string, sub?: string): void {
    const names: Record<string, string> = { insert: "-- INSERT --", replace: "-- REPLACE --", visual: "-- VISUAL --" };
    this.mode.textContent = mode === "visual" && sub ? `-- VISUAL ${sub === "linewise" ? "LINE" : "BLOCK"} --` : (names[mode] ?? "");
    if (mode !== "normal") this.say("");
  }

  private drawRuler(): void {
    const { doc, selection } = this.view.state;
    const line = doc.lineAt(selection.main.head);
    const { scrollTop, clientHeight, scrollHeight } = this.view.scrollDOM;
    const room = scrollHeight - clientHeight;
    this.tildes.style.top = `calc(0.5rem + ${this.view.contentHeight - scrollTop}px)`;
    const where = room < 4 ? "All" : scrollTop < 2 ? "Top" : scrollTop > room - 4 ? "Bot" : `${Math.round((100 * scrollTop) / room)}%`;
    const column = selection.main.head - line.from;
    this.ruler.textContent = `${line.number},${line.length === 0 ? "0-1" : column + 1}`.padEnd(14) + where;
  }
}

function size(content: string): string {
  const bytes = new TextEncoder().encode(content).length;
  const lines = content === "" ? 0 : content.replace(/\n$/, "").split("\n").length;
  return `${lines}L, ${bytes}B`;
}
