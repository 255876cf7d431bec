/** The flow picture: stations along a vine that grows as the cluster's state reaches them. */
import { h, svg } from "../dom.js";
import { iconPath, type Icon } from "../icons.js";
import type { Flow, FlowNode, FlowState } from "../protocol.js";

const tile = 42;
const rowHeight = 92;
const gutter = 22;
const narrowest = 86;

const words: Record<FlowState["state"], string> = { idle: "not yet", active: "under way", done: "done", failed: "failed" };

export class FlowPicture {
  readonly figure: HTMLElement;
  private readonly drawing = svg("svg", { class: "flow-drawing", role: "list" });
  private readonly heard = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  private states = new Map<string, FlowState>();
  private stations = new Map<string, SVGGElement>();
  private edges: SVGGElement[] = [];
  private width = 0;
  private readonly resizes = new ResizeObserver(([entry]) => this.draw(Math.round(entry!.contentRect.width)));

  constructor(private readonly flow: Flow) {
    this.drawing.setAttribute("aria-label", flow.title);
    this.drawing.setAttribute("height", String(rowHeight)); // until the width is known
    this.figure = h("figure", { class: "flow", "aria-label": flow.title }, this.drawing, h("figcaption", { class: "unseen" }, `${flow.title}. ${flow.description}`), this.heard);
    this.resizes.observe(this.figure);
  }

  close(): void {
    this.resizes.disconnect();
  }

  update(states: FlowState[]): void {
    const news = states.filter((s) => this.states.size && this.states.get(s.id)?.state !== s.state && s.state !== "idle");
    this.states = new Map(states.map((s) => [s.id, s]));
    for (const node of this.flow.nodes) this.light(node);
    if (news.length) this.heard.textContent = news.map((s) => `${this.flow.nodes.find((n) => n.id === s.id)?.title}: ${words[s.state]}`).join(". ");
  }

  private draw(width: number): void {
    if (!width || width === this.width) return;
    this.width = width;
    const { nodes } = this.flow;
    const rows = Math.max(1, Math.ceil((nodes.length * narrowest) / width));
    const columns = Math.ceil(nodes.length / rows);
    const slot = width / columns;
    const height = rows * rowHeight + (rows - 1) * gutter;
    const centre = (i: number) => ({ x: slot * ((i % columns) + 0.5), y: Math.floor(i / columns) * (rowHeight + gutter) + tile / 2 + 4 });
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawing.setAttribute("height", String(height));
    this.edges = nodes.slice(1).map((_, i) => edge(centre(i), centre(i + 1), i, width, slot));
    this.stations = new Map(nodes.map((node, i) => [node.id, station(node, centre(i), slot)]));
    const vine = svg("g", { "aria-hidden": "true" }, ...this.edges);
    this.drawing.replaceChildren(vine, ...this.stations.values());
    for (const node of nodes) this.light(node);
  }

  private light(node: FlowNode): void {
    const { state, detail } = this.states.get(node.id) ?? { state: "idle" as const, detail: undefined };
    const g = this.stations.get(node.id);
    if (!g) return;
    g.dataset["state"] = state;
    g.setAttribute("aria-label", [`${node.title}${node.label ? `, ${node.label}` : ""}: ${words[state]}`, detail].filter(Boolean).join(". "));
    const at = this.flow.nodes.indexOf(node);
    this.edges[at]?.toggleAttribute("data-grown", state === "done");
  }
}

interface Point {
  x: number;
  y: number;
}

/** The vine from one station to the next, in the same row or round to the row below. */
function edge(from: Point, to: Point, index: number, width: number, slot: number): SVGGElement {
  const gap = tile / 2 + 7;
  const g = svg("g", { class: "vine" });
  if (from.y === to.y) {
    const [x1, x2] = [from.x + gap, to.x - gap];
    const bend = (index % 2 ? 1 : -1) * Math.min(9, (x2 - x1) / 7);
    const d = `M${x1} ${from.y}C${x1 + (x2 - x1) / 3} ${from.y + bend} ${x2 - (x2 - x1) / 3} ${from.y - bend} ${x2} ${from.y}`;
    g.append(svg("path", { class: "stem", d }), svg("path", { class: "growth", d, pathLength: 1 }));
    if (x2 - x1 > 24) {
      g.append(leaf(x1 + (x2 - x1) * 0.36, from.y + bend * 0.45, bend < 0 ? -38 : 142, 0), leaf(x1 + (x2 - x1) * 0.66, from.y - bend * 0.42, bend < 0 ? 52 : -52, 1));
    }
    return g;
  }
  const r = 12;
  const [right, left, middle] = [Math.min(from.x + slot / 2 - 4, width - 3), Math.max(to.x - slot / 2 + 4, 3), to.y - tile / 2 - gutter / 2 - 2];
  const d =
    `M${from.x + gap} ${from.y}H${right - r}Q${right} ${from.y} ${right} ${from.y + r}V${middle - r}Q${right} ${middle} ${right - r} ${middle}` +
    `H${left + r}Q${left} ${middle} ${left} ${middle + r}V${to.y - r}Q${left} ${to.y} ${left + r} ${to.y}H${Math.max(to.x - gap, left + r)}`;
  g.append(svg("path", { class: "stem", d }), svg("path", { class: "growth", d, pathLength: 1 }), leaf(width / 2, middle, -38, 0));
  return g;
}

function leaf(x: number, y: number, turn: number, nth: number): SVGGElement {
  const d = "M0 0C1.500-4.500 5-7 10.500-7.500C10.500-2.500 6.500 1 0 0Z";
  return svg("g", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn})` }, svg("path", { class: "leaf", d, style: `--nth:${nth}` }));
}

function station(node: FlowNode, at: Point, slot: number): SVGGElement {
  const half = tile / 2;
  return svg(
    "g",
    { class: "station", role: "listitem", transform: `translate(${at.x} ${at.y})` },
    svg("title", {}, node.label ? `${node.title}: ${node.label}` : node.title),
    svg("rect", { class: "halo", x: -half - 5, y: -half - 5, width: tile + 10, height: tile + 10, rx: 18 }),
    svg("rect", { class: "tile", x: -half, y: -half, width: tile, height: tile, rx: 14 }),
    svg("g", { transform: "translate(-10.500 -10.500) scale(0.875)" }, svg("path", { class: "sign", d: iconPath((node.icon as Icon) ?? "node") })),
    svg("g", { class: "badge", transform: `translate(${half - 3} ${-half + 3})` }, svg("circle", { r: 8 }), svg("path", { class: "badge-done", d: "M-3.200 .2L-.8 2.600L3.400-2.200" }), svg("path", { class: "badge-failed", d: "M0-3.800V.8M0 3.500v.1" }), svg("path", { class: "badge-active", d: "M-3.200 0h.1M0 0h.1M3.200 0h.1" })),
    svg("text", { class: "name", y: half + 18 }, node.title),
    svg("text", { class: "label", y: half + 34 }, short(node.label ?? "", Math.floor((slot - 4) / 5.4))),
  );
}

function short(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, Math.max(1, most - 1)) + "…";
}
