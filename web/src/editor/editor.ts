/** The editors that open over the terminal, by the name under which they were called. Loaded when first needed. */
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Cluster, Edit, EditOutcome } from "../cluster.js";
import { openNano } from "./nano.js";
import { openVi } from "./vi.js";

/** Where an editor lives, what it edits, and how it ends. */
export interface Session {
  host: HTMLElement;
  root: ShadowRoot | Document;
  edit: Edit;
  cluster: Cluster;
  extensions: Extension[];
  done: (outcome: EditOutcome) => void;
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--term-cyan)" },
  { tag: [tags.string, tags.attributeValue], color: "var(--term-foreground)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--term-yellow)" },
  { tag: [tags.comment, tags.meta], color: "var(--term-bright-black)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--glass-soft)" },
  { tag: tags.keyword, color: "var(--term-magenta)" },
]);

const look = EditorView.theme(
  {
    "&": { height: "100%", color: "var(--term-foreground)", backgroundColor: "transparent", fontSize: "inherit" },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.45", overflow: "auto" },
    ".cm-content": { padding: "0", caretColor: "var(--term-cursor)" },
    ".cm-line": { padding: "0 1rem" },
    ".cm-cursor": { borderLeft: "2px solid var(--term-cursor)" },
    ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--term-selection)" },
    ".cm-gutters": { backgroundColor: "transparent", color: "var(--term-bright-black)", border: "none" },
  },
  { dark: true },
);

/** Opens the editor that the program's name stands for, and resolves when it is closed. */
export function openEditor(host: HTMLElement, edit: Edit, cluster: Cluster): Promise<EditOutcome> {
  const extensions: Extension[] = [
    EditorState.tabSize.of(8),
    indentUnit.of("  "),
    drawSelection(),
    look,
    syntaxHighlighting(colours),
    EditorView.contentAttributes.of({ "aria-label": `${edit.program}: ${edit.name || edit.path}`, autocapitalize: "off", spellcheck: "false" }),
  ];
  if (/\.ya?ml$/.test(edit.path) || /kubectl-edit/.test(edit.path)) extensions.push(yaml());
  return new Promise((resolve) => {
    const session: Session = { host, root: host.getRootNode() as ShadowRoot, edit, cluster, extensions, done: resolve };
    edit.signal.addEventListener("abort", () => resolve({ content: "", saved: false }), { once: true });
    const view = /^(vi|vim|view|nvim)$/.test(edit.program) ? openVi(session) : openNano(session);
    if (edit.line) {
      const line = view.state.doc.line(Math.min(Math.max(edit.line, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: line.from }, scrollIntoView: true });
    }
    view.focus();
  });
}

/** How these editors end: what was to be saved was written when it was said, and nothing is left to write. */
export const written: EditOutcome = { content: "", saved: false };

/** A name typed in an editor, as a path: relative names lie beside the file that is edited. */
export function beside(path: string, name: string): string {
  if (name.startsWith("/")) return name;
  const cut = path.lastIndexOf("/");
  return cut < 0 ? name : path.slice(0, cut + 1) + name;
}

/** The text as a file: editors end the last line. */
export function asFile(doc: { toString(): string }): string {
  const text = doc.toString();
  return text === "" || text.endsWith("\n") ? text : text + "\n";
}
