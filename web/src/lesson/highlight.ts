/** A few colours for code in prose: comments, keys, strings, flags. Not a parser. */
import { h } from "../dom.js";

const yaml = /(?<comment>#.*$)|(?<key>^[ \t-]*[\w./-]+(?=:(?:\s|$)))|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<mark>^---$|^[ \t]*-(?= ))/gm;
const shell = /(?<comment>(?:^|(?<=\s))#.*$)|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<flag>(?<=\s)--?[a-zA-Z][\w-]*)|(?<mark>\|\||&&|[|;<>&])/gm;

export function highlight(text: string, language: string | undefined): Node[] {
  const pattern = language === "yaml" || language === "yml" ? yaml : language === "sh" ? shell : undefined;
  if (!pattern || text.length > 20_000) return [document.createTextNode(text)];
  const out: Node[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const kind = Object.entries(match.groups ?? {}).find(([, v]) => v !== undefined)?.[0];
    out.push(document.createTextNode(text.slice(at, match.index)), h("span", { class: `hl-${kind}` }, match[0]));
    at = match.index + match[0].length;
  }
  out.push(document.createTextNode(text.slice(at)));
  return out;
}
