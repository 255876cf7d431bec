/** A checkpoint: waits until the cluster's state passes it. */
import { h, rich, svg } from "../dom.js";
import type { CheckState } from "../protocol.js";

export class Checkpoint {
  readonly element: HTMLElement;
  private readonly words = h("p", { class: "words" });

  constructor(
    readonly id: string,
    readonly title: string,
    hint: string | undefined,
    /** The checkpoint that counts before this one. */
    readonly after?: string,
  ) {
    const mark = svg("svg", { viewBox: "0 0 32 32", class: "ring", "aria-hidden": "true" }, svg("circle", { cx: 16, cy: 16, r: 13 }), svg("path", { d: "M10.500 16.500l4 4l7.500-8.500", pathLength: 1 }));
    this.element = h(
      "section",
      { class: "checkpoint", "data-checkpoint": id, "aria-label": `Checkpoint: ${title}` },
      mark,
      h("div", {}, h("p", { class: "kind" }, "Checkpoint"), h("p", { class: "title" }, title), this.words, !!hint && h("details", { class: "hint" }, h("summary", {}, "Hint"), rich(hint))),
    );
    this.update(undefined, false);
  }

  update(state: CheckState | undefined, passed: boolean): void {
    this.element.dataset["state"] = passed ? "passed" : "waiting";
    this.words.textContent = passed ? "Passed" : (state?.detail ?? "Waiting for the cluster");
  }
}
