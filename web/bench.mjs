// Prints what a learner waits for: cold start and the echo of a key, in headless Chromium, from loopback.
// node bench.mjs [RUNS]
import { launch, serve } from "./test/browser.mjs";

const runs = Number(process.argv[2] ?? 5);

const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const milliseconds = (all) => `median ${median(all).toFixed(0)} ms, best ${Math.min(...all).toFixed(0)} ms, worst ${Math.max(...all).toFixed(0)} ms`;

const textOf = () =>
  document.querySelector("terrarium-lesson")?.shadowRoot?.querySelector("terrarium-terminal")?.shadowRoot?.querySelector(".xterm-rows")?.textContent ?? "";

/** From navigation to the prompt, and to the last line of `kubectl get nodes` typed there; an empty cache each time. */
async function coldStart(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(`globalThis.terminalText = ${textOf}`);
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => (globalThis.shift += e.value))).observe({ type: "layout-shift", buffered: true });
  });
  const begun = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForFunction(() => globalThis.terminalText().includes("$"), null, { polling: "raf" });
  const prompt = performance.now() - begun;
  await page.keyboard.type("kubectl get nodes\n");
  await page.waitForFunction(() => globalThis.terminalText().includes("node02"), null, { polling: "raf" });
  const answered = performance.now() - begun;
  return { context, page, prompt, answered, shift: await page.evaluate(() => globalThis.shift) };
}

/** From a keydown to the letter on the screen, while an image is being pulled. */
async function echo(page) {
  await page.keyboard.type("kubectl run slow --image=registry.k8s.io/e2e-test-images/agnhost:2.53\n");
  await page.waitForTimeout(500);
  await page.evaluate(() => {
    globalThis.echoes = [];
    const terminal = document.querySelector("terrarium-lesson").shadowRoot.querySelector("terrarium-terminal").shadowRoot;
    let pressed = 0;
    terminal.addEventListener("keydown", () => (pressed = performance.now()), { capture: true });
    new MutationObserver(() => {
      if (pressed) globalThis.echoes.push(performance.now() - pressed);
      pressed = 0;
    }).observe(terminal.querySelector(".xterm-rows"), { childList: true, subtree: true, characterData: true });
  });
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("x");
    await page.waitForTimeout(40);
  }
  return page.evaluate(() => globalThis.echoes);
}

const [browser, site] = await Promise.all([launch(), serve()]);
try {
  const starts = [];
  let echoes = [];
  for (let i = 0; i < runs; i++) {
    const start = await coldStart(browser, site.url);
    starts.push(start);
    if (i === runs - 1) echoes = await echo(start.page);
    await start.context.close();
  }
  console.log(`navigation to prompt:                    ${milliseconds(starts.map((s) => s.prompt))}`);
  console.log(`navigation to answered get nodes:        ${milliseconds(starts.map((s) => s.answered))}`);
  console.log(`layout shift meanwhile:                  ${Math.max(...starts.map((s) => s.shift)).toFixed(4)}`);
  console.log(`key to letter on the screen, in a pull:  ${milliseconds(echoes)}`);
} finally {
  await browser.close();
  site.close();
}
