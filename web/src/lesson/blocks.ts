/** The blocks of a step that only need to be drawn, or that act with one click. */
import { h, rich } from "../dom.js";
import { icon } from "../icons.js";
import { command, highlight } from "./highlight.js";

export interface Actions {
  /** Types a command into the terminal; focus follows where a mouse asked for it. */
  run(command: string, focus: boolean): Promise<boolean>;
  writeFile(path: string, content: string): Promise<void>;
  say(text: string): void;
}

export function commandBlock(text: string, runs: boolean, actions: Actions): HTMLElement {
  const lines = text.split("\n");
  const code = h("pre", {}, h("code", {}, ...lines.flatMap((line, i) => [h("span", { class: i === 0 ? "prompt" : "more" }), h("span", { class: "line" }, ...command(line)), i < lines.length - 1 && "\n"])));
  if (!runs) return h("div", { class: "code command" }, code, copyButton(text, actions));
  const button = h("button", { type: "button", class: "run", "aria-label": `Run: ${text}` }, icon("play"), h("span", {}, "Run"));
  const run = async (e: Event) => {
    if ((e.target as Element).closest(".copy") || (!getSelection()?.isCollapsed && !(e.target as Element).closest(".run"))) return;
    const mouse = (e as MouseEvent).detail > 0 && matchMedia("(pointer: fine)").matches;
    if (!(await actions.run(text, mouse))) return;
    block.classList.add("ran");
    block.classList.remove("flash");
    requestAnimationFrame(() => block.classList.add("flash"));
  };
  const block = h("div", { class: "code command runs", onclick: run, title: "Run in the terminal" }, code, copyButton(text, actions), button);
  return block;
}

export function fileBlock(path: string, content: string, language: string | undefined, actions: Actions): HTMLElement {
  const name = path.split("/").pop()!;
  const label = h("span", {}, "Create file");
  const create = h("button", { type: "button", class: "create", "aria-label": `Create file ${path}` }, icon("download"), label);
  create.addEventListener("click", async () => {
    try {
      await actions.writeFile(path, content);
      block.classList.add("ran");
      label.textContent = "Created";
      setTimeout(() => (label.textContent = "Create file"), 2500);
      actions.say(`${name} is in the cluster's terminal now.`);
    } catch (e) {
      actions.say(`${name} could not be written: ${e instanceof Error ? e.message : e}`);
    }
  });
  const block = h(
    "figure",
    { class: "code file" },
    h("figcaption", {}, icon("file"), h("span", { class: "path" }, path), copyButton(content, actions), create),
    h("pre", { tabindex: "0", "aria-label": path }, h("code", {}, ...highlight(content.replace(/\n$/, ""), language))),
  );
  return block;
}

export function outputBlock(text: string, language: string | undefined, actions: Actions): HTMLElement {
  return h("div", { class: "code output" }, h("pre", { tabindex: "0", "aria-label": "Output" }, h("code", {}, ...highlight(text, language))), language ? copyButton(text, actions) : null);
}

export function hintBlock(title: string | undefined, html: string): HTMLElement {
  return h("details", { class: "hint" }, h("summary", {}, title || "Hint"), rich(html));
}

const tones = { note: "Note", tip: "Tip", warning: "Careful" };

export function noteBlock(tone: keyof typeof tones, html: string): HTMLElement {
  const el = h("aside", { class: `note note-${tone}`, "aria-label": tones[tone] }, icon(tone === "warning" ? "warning" : tone === "tip" ? "leaf" : "book"));
  el.append(rich(html));
  return el;
}

function copyButton(text: string, actions: Actions): HTMLElement {
  return h(
    "button",
    {
      type: "button",
      class: "copy",
      "aria-label": "Copy",
      title: "Copy",
      onclick: () => void navigator.clipboard.writeText(text).then(() => actions.say("Copied."), () => actions.say("The browser does not allow copying here.")),
    },
    icon("copy"),
  );
}
