/**
 * The second module of the program (split.mjs): most of its functions, and none that runs before a learner's first
 * command has been answered. It is fetched when the prompt is there, or at once when the program misses a function.
 */
import { buildSection, type Go } from "./thaw.js";

export class Rest {
  /** Whether all functions are there. */
  joined = false;
  private build = "";
  private first: WebAssembly.Exports | undefined;
  private fetched: Promise<void> | undefined;

  /** `url` is the first module's, `failed` is told when a function is missing that cannot be had. */
  constructor(
    private readonly url: string,
    private readonly go: Go,
    private readonly failed: (e: unknown) => void,
  ) {
    go.importObject["more"] = { load: () => this.loadNow() };
  }

  /** Must be called before the first module runs. */
  belongsTo(module: WebAssembly.Module, instance: WebAssembly.Instance): void {
    this.build = build(module);
    this.first = instance.exports;
  }

  /** Resolves when all functions are there. */
  load(): Promise<void> {
    this.fetched ??= (async () => {
      const response = await fetch(this.address(), { credentials: "same-origin" });
      if (!response.ok) throw new Error(`${this.address()}: ${response.status} ${response.statusText}`.trim());
      // Not compileStreaming, which would keep this thread from answering keys.
      const module = await WebAssembly.compile(await response.arrayBuffer());
      this.join(module);
    })();
    return this.fetched;
  }

  /** The program waits for a function: nothing else can be done before it is there. */
  private loadNow(): void {
    try {
      const request = new XMLHttpRequest();
      request.open("GET", this.address(), false);
      request.responseType = "arraybuffer";
      request.send();
      if (request.status !== 200) throw new Error(`${this.address()}: ${request.status} ${request.statusText}`.trim());
      this.join(new WebAssembly.Module(request.response as ArrayBuffer));
    } catch (e) {
      this.failed(e);
      throw e;
    }
  }

  private join(module: WebAssembly.Module): void {
    if (this.joined) return;
    if (build(module) !== this.build) throw new Error(`${this.address()} is of another version: reload the page`);
    new WebAssembly.Instance(module, { ...this.go.importObject, first: this.first! });
    this.joined = true;
  }

  private address(): string {
    return this.url.replace(/\.wasm(?=$|[?#])/, ".rest.wasm");
  }
}

function build(module: WebAssembly.Module): string {
  const [section] = WebAssembly.Module.customSections(module, buildSection);
  return section ? new TextDecoder().decode(section) : "";
}
