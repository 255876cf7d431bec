/** The line between lesson and terminal: moved by pointer or arrow keys, remembered by the browser. */
import { h } from "../dom.js";

const least = 25;
const most = 75;

export class Splitter {
  readonly handle = h("div", { class: "splitter", role: "separator", tabindex: "0", "aria-label": "Size of lesson and terminal", "aria-valuemin": String(least), "aria-valuemax": String(most) }, h("span", {}));
  private stacked: boolean | undefined;
  private share = 50;

  constructor(private readonly layout: HTMLElement) {
    this.handle.addEventListener("pointerdown", (e) => this.grab(e));
    this.handle.addEventListener("keydown", (e) => this.key(e));
    this.handle.addEventListener("dblclick", () => this.set(this.usual));
  }

  /** Says whether lesson and terminal lie one above the other. */
  turn(stacked: boolean): void {
    if (stacked === this.stacked) return;
    this.stacked = stacked;
    this.handle.setAttribute("aria-orientation", stacked ? "horizontal" : "vertical");
    this.set(this.read() ?? this.usual, false);
  }

  private get usual(): number {
    return this.stacked ? 54 : 46;
  }

  private get slot(): string {
    return `terrarium:split:${this.stacked ? "stacked" : "beside"}`;
  }

  private read(): number | undefined {
    try {
      return Number(localStorage.getItem(this.slot)) || undefined;
    } catch {
      return undefined;
    }
  }

  private set(share: number, keep = true): void {
    this.share = Math.round(Math.min(most, Math.max(least, share)) * 10) / 10;
    this.layout.style.setProperty("--split", `${this.share}%`);
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.share)));
    if (!keep) return;
    try {
      localStorage.setItem(this.slot, String(this.share));
    } catch {
      // Not remembered, then.
    }
  }

  private grab(start: PointerEvent): void {
    start.preventDefault();
    this.handle.setPointerCapture(start.pointerId);
    const move = (e: PointerEvent) => {
      const box = this.layout.getBoundingClientRect();
      this.set(100 * (this.stacked ? (e.clientY - box.top) / box.height : (e.clientX - box.left) / box.width));
    };
    this.handle.addEventListener("pointermove", move);
    this.handle.addEventListener("lostpointercapture", () => this.handle.removeEventListener("pointermove", move), { once: true });
  }

  private key(e: KeyboardEvent): void {
    const [less, more] = this.stacked ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    const to = { [less]: this.share - 2, [more]: this.share + 2, Home: least, End: most }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.set(to);
  }
}
