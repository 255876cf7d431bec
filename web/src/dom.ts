/** Making elements without a framework. */

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** An element. Props that start with `on` are listeners, `class` and `data-…`/`aria-…` are attributes, true is an empty one; the rest too. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  set(el, props);
  el.append(...present(children));
  return el;
}

const svgSpace = "http://www.w3.org/2000/svg";

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const el = document.createElementNS(svgSpace, tag);
  set(el, props);
  el.append(...present(children));
  return el;
}

function present(children: Child[]): (Node | string)[] {
  return children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false);
}

function set(el: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value as EventListener);
    else el.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Rendered Markdown of a lesson (see protocol.ts on what it may hold). */
export function rich(html: string, tag: "div" | "span" | "p" = "div"): HTMLElement {
  const el = document.createElement(tag);
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const link of template.content.querySelectorAll("a[href]")) {
    if (!/^(https?:|#|\.{0,2}\/|mailto:)/.test(link.getAttribute("href") ?? "")) link.removeAttribute("href");
    else if (/^https?:/.test(link.getAttribute("href") ?? "")) {
      link.setAttribute("target", "_blank");
      link.setAttribute("rel", "noopener");
    }
  }
  el.append(template.content);
  return el;
}

export function sheet(...css: string[]): CSSStyleSheet[] {
  return css.map((text) => {
    const s = new CSSStyleSheet();
    s.replaceSync(text);
    return s;
  });
}
