// The page itself: phone and desk, light and dark, keyboard and screen reader, and what it does when things break.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { checkpoint, exec, launch, open, ready, serve, shows, type } from "./browser.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let browser, site;

before(async () => {
  [browser, site] = await Promise.all([launch(), serve()]);
});

after(async () => {
  await browser?.close();
  site?.close();
});

const box = (page, selector) => page.locator(selector).boundingBox();

describe("layout", () => {
  test("has the lesson beside the terminal on a desk", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    const [lesson, terminal] = [await box(page, ".sheet"), await box(page, "terrarium-terminal")];
    assert.ok(lesson.x + lesson.width <= terminal.x, "lesson on the left");
    assert.ok(Math.abs(lesson.y - terminal.y) < 20);
    await page.context().close();
  });

  test("has the lesson above the terminal on a phone", async () => {
    const page = await open(browser, site.url, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await ready(page);
    const [lesson, terminal] = [await box(page, ".sheet"), await box(page, "terrarium-terminal")];
    assert.ok(lesson.y + lesson.height <= terminal.y, "lesson above");
    assert.ok(terminal.y + terminal.height <= 845, "terminal on the screen");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `nothing is wider than the screen (${wide})`);
    await type(page, "kubectl get nodes");
    await shows(page, /^controlplane +Ready +control-plane +\S+ +v1\.36\.3$/m);
    await page.locator(".command .run").first().tap();
    await shows(page, /private-pod/);
    await page.context().close();
  });

  for (const viewport of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
    test(`does not shift while it loads, ${viewport.width} wide`, async () => {
      const context = await browser.newContext({ viewport });
      const page = await context.newPage();
      await page.addInitScript(() => {
        globalThis.shift = 0;
        new PerformanceObserver((list) => {
          for (const e of list.getEntries()) globalThis.shift += e.value;
        }).observe({ type: "layout-shift", buffered: true });
      });
      await page.goto(site.url);
      await ready(page);
      await page.waitForTimeout(500);
      const shift = await page.evaluate(() => globalThis.shift);
      assert.ok(shift < 0.001, `layout shift ${shift}`);
      await context.close();
    });
  }
});

describe("colours", () => {
  const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

  test("follow the system and the button", async () => {
    const page = await open(browser, site.url, { colorScheme: "dark" });
    const dark = await ground(page);
    await page.emulateMedia({ colorScheme: "light" });
    const light = await ground(page);
    assert.notEqual(dark, light);
    await page.getByRole("button", { name: /^Theme/ }).click();
    assert.equal(await ground(page), dark);
    await page.reload();
    assert.equal(await ground(page), dark, "the choice is kept");
    await page.context().close();
  });
});

describe("for everybody", () => {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing (${colorScheme})`, async () => {
      const page = await open(browser, site.url, { colorScheme });
      await ready(page);
      await type(page, "kubectl get nodes");
      await shows(page, /node02/);
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`), []);
      await page.context().close();
    });
  }

  test("the terminal can be left and found by keyboard", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    const inTerminal = () => page.evaluate(() => document.querySelector("terrarium-lesson").shadowRoot.activeElement?.localName === "terrarium-terminal");
    await page.keyboard.type("echo typed");
    await shows(page, /echo typed/);
    assert.ok(await inTerminal(), "stray letters go to the terminal");
    await page.keyboard.press("F6");
    assert.ok(!(await inTerminal()), "F6 leaves");
    await page.keyboard.press("F6");
    assert.ok(await inTerminal(), "F6 comes back");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await page.evaluate(() => document.querySelector("terrarium-lesson").shadowRoot.querySelector("terrarium-terminal").shadowRoot.activeElement?.className), "tool", "Shift+Tab goes to the toolbar");
    await page.context().close();
  });
});

describe("a lesson folder that is not built", () => {
  const files = {
    "lesson.md": `---
title: Plain
summary: S
---
![A picture](pic.svg)

## One

::: checkpoint made
title: Made
hint: Make it.
assert:
- script: made.sh
:::

::: checkpoint gone
title: Gone
hint: Delete it.
after: made
assert:
- script: gone.sh
:::
`,
    "scenario.yaml": 'manifests:\n- first.yaml\n- "second.yaml"\nsetup: begin.sh\nfiles:\n  notes.txt: see other.yaml\n',
    "first.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: first}\n",
    "second.yaml": "kind: ConfigMap\napiVersion: v1\nmetadata: {name: second}\n",
    "begin.sh": "kubectl create configmap third\n",
    "made.sh": "kubectl get configmap made\n",
    "gone.sh": "! kubectl get configmap made\n",
    "pic.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
  };

  test("is opened with the files that it names", async () => {
    const page = await browser.newPage();
    const missing = [];
    await page.route("**/lessons/plain/folder/**", (route) => {
      const name = route.request().url().split("/").pop();
      if (!(name in files)) missing.push(name);
      return route.fulfill(name in files ? { body: files[name], contentType: name.endsWith(".svg") ? "image/svg+xml" : "text/plain" } : { status: 404 });
    });
    await page.goto(`${site.url}?lesson=plain/folder`);
    await ready(page);
    const { stdout } = await exec(page, "kubectl get configmaps -o name");
    assert.equal(stdout, "configmap/first\nconfigmap/kube-root-ca.crt\nconfigmap/second\nconfigmap/third\n");
    assert.deepEqual(missing.sort(), ["cluster.image", "lesson.json", "setup.sh"]);
    assert.equal(await page.locator(".prose img").evaluate((img) => img.naturalWidth), 10);
    // What holds from the beginning counts only behind what comes before it.
    const state = (id) => checkpoint(page, id).getAttribute("data-state");
    assert.equal(await state("gone"), "waiting");
    await exec(page, "kubectl create configmap made");
    await checkpoint(page, "made").and(page.locator("[data-state=passed]")).waitFor();
    assert.equal(await state("gone"), "waiting");
    await exec(page, "kubectl delete configmap made");
    await checkpoint(page, "gone").and(page.locator("[data-state=passed]")).waitFor();
    assert.equal(await state("made"), "passed");
    await page.close();
  });
});

describe("when things break", () => {
  test("a crash of the simulator shows a page, and the session is kept", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, "kubectl create configmap one");
    await shows(page, "configmap/one created");
    // Bytes that are none break an invariant of the worker's own: the program ends.
    await page.evaluate(() => document.querySelector("terrarium-lesson").cluster.write({}));
    await page.getByText("The cluster stopped unexpectedly").waitFor();
    await page.getByText("What it said").click();
    const said = await page.locator(".broken pre").textContent();
    assert.match(said, /panic/);
    assert.match(said, /^main\.main\.func1\(/m, "the trace names functions");
    assert.ok(await page.getByText("Save the session log").getAttribute("href"));
    await page.getByRole("button", { name: "Play it all again" }).click();
    await page.locator(".veil").waitFor({ state: "hidden" });
    await shows(page, "configmap/one created");
    await type(page, "kubectl get configmap one -o name");
    await shows(page, /^configmap\/one$/m);
    await page.context().close();
  });

  test("the rest of the wasm that cannot be had is told when it is needed", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/terrarium.rest.wasm", (r) => r.fulfill({ status: 404 }));
    await page.goto(site.url);
    await ready(page);
    await type(page, "kubectl explain pod.spec");
    await page.getByText("The cluster stopped unexpectedly").waitFor();
    assert.match(await page.locator(".broken pre").textContent(), /terrarium\.rest\.wasm: 404/);
    await context.close();
  });

  test("a wasm that cannot be had is told", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/terrarium.wasm", (r) => r.fulfill({ status: 404 }));
    await page.goto(site.url);
    await page.getByText("The cluster could not be started").waitFor();
    await page.getByText("404").waitFor();
    await page.getByRole("heading", { name: "Pull from a private registry" }).waitFor();
    await context.close();
  });

  test("a lesson that is not there is told", async () => {
    const page = await open(browser, `${site.url}?lesson=no/such`);
    await page.getByText("This lesson could not be opened").waitFor();
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await page.context().close();
  });
});
