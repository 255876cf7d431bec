/** A few colours for code in prose: comments, keys, strings, flags. Not a parser. */
import { h } from "../dom.js";

const yaml = /(?<comment>#.*$)|(?<key>^[ \t-]*[\w./-]+(?=:(?:\s|$)))|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<mark>^---$|^[ \t]*-(?= ))/gm;
const shell = /(?<comment>(?:^|(?<=\s))#.*$)|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<flag>(?<=\s)--?[a-zA-Z][\w-]*=?)|(?<mark>\|\||&&|[|;<>&])/gm;

/** Words that hold together where a command is wrapped; browsers would break them at their hyphens. */
const together = /\S*[-/=]\S*/g;
const longest = 34;

/** A command, coloured and with its words kept whole. */
export function command(text: string): Node[] {
  return highlight(text, "sh").flatMap((node) => {
    if (node.nodeType !== Node.TEXT_NODE) return [node];
    const plain = node.textContent ?? "";
    const out: Node[] = [];
    let at = 0;
    for (const word of plain.matchAll(together)) {
      if (word[0].length > longest) continue;
      out.push(document.createTextNode(plain.slice(at, word.index)), h("span", { class: "whole" }, word[0]));
      at = word.index + word[0].length;
    }
    return [...out, document.createTextNode(plain.slice(at))];
  });
}

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
