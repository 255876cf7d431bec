/** The page: the index of lessons and the theme around <terrarium-lesson>. Everything else is the element's. */
import type { LessonIndex } from "../protocol.js";

type Entry = LessonIndex["courses"][number]["lessons"][number];

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const element = byId("lesson");
const dialog = byId<HTMLDialogElement>("index");
const opener = byId<HTMLButtonElement>("lessons");

/** The module may come later than the shell; the element draws itself when it is defined. */
void import(new URL("./terrarium.js", import.meta.url).href);

/** `?lesson=images/01-private-registries`, or the first lesson. */
function wanted(index: LessonIndex): Entry | undefined {
  const all = index.courses.flatMap((c) => c.lessons);
  const id = new URLSearchParams(location.search).get("lesson");
  return all.find((l) => l.id === id) ?? (id ? { id, title: id, summary: "", src: id } : all[0]);
}

function show(entry: Entry): void {
  element.setAttribute("src", `lessons/${entry.src}`);
  byId("here").textContent = entry.title;
  document.title = `${entry.title} · Terrarium`;
  byId("courses").querySelector(`a[data-id="${CSS.escape(entry.id)}"]`)?.setAttribute("aria-current", "page");
}

function list(index: LessonIndex): void {
  byId("courses").replaceChildren(
    ...index.courses.flatMap((course) => {
      const title = document.createElement("h3");
      title.textContent = course.title;
      const items = document.createElement("ol");
      for (const lesson of course.lessons) {
        const a = document.createElement("a");
        a.href = `?lesson=${encodeURIComponent(lesson.id).replaceAll("%2F", "/")}`;
        a.dataset["id"] = lesson.id;
        const parts: [string, string | undefined][] = [["strong", lesson.title], ["small", lesson.duration], ["span", lesson.summary]];
        for (const [tag, text] of parts) a.appendChild(document.createElement(tag)).textContent = text ?? "";
        items.appendChild(document.createElement("li")).append(a);
      }
      return [title, items];
    }),
  );
}

opener.addEventListener("click", () => {
  dialog.showModal();
  opener.setAttribute("aria-expanded", "true");
});
dialog.addEventListener("close", () => opener.setAttribute("aria-expanded", "false"));
dialog.addEventListener("click", (e) => {
  if (e.target === dialog) dialog.close();
});
byId("close").addEventListener("click", () => dialog.close());

const themes = ["auto", "light", "dark"];
const themeButton = byId<HTMLButtonElement>("theme");

function setTheme(theme: string): void {
  document.documentElement.dataset["theme"] = theme;
  themeButton.setAttribute("aria-label", `Theme: ${theme === "auto" ? "as the system" : theme}`);
  themeButton.title = themeButton.getAttribute("aria-label")!;
  try {
    localStorage.setItem("terrarium:theme", theme);
  } catch {
    // Not remembered, then.
  }
}

themeButton.addEventListener("click", () => {
  const now = document.documentElement.dataset["theme"] ?? "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  // From "as the system", the first click always changes something that can be seen.
  const order = dark ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
  setTheme(order[(order.indexOf(now) + 1) % themes.length]!);
});
setTheme(document.documentElement.dataset["theme"] ?? "auto");

element.addEventListener("step", (e) => history.replaceState(null, "", `#${(e as CustomEvent<{ id: string }>).detail.id}`));
document.querySelector(".skip")?.addEventListener("click", (e) => {
  e.preventDefault();
  element.focus();
});

try {
  const response = await fetch("lessons/index.json");
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const index = (await response.json()) as LessonIndex;
  list(index);
  const entry = wanted(index);
  if (entry) show(entry);
} catch (e) {
  console.error("the index of lessons could not be read:", e);
  byId("courses").textContent = "The list of lessons could not be loaded. Reload the page to try again.";
}
