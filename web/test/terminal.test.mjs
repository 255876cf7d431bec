// The terminal: editors, loops that are interrupted, floods of output, and the JavaScript API without elements.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { exec, launch, open, ready, screen, serve, shows, type } from "./browser.mjs";

let browser, site, other;

before(async () => {
  const empty = mkdtempSync(path.join(tmpdir(), "terrarium-"));
  writeFileSync(path.join(empty, "index.html"), "<!doctype html><title>another site</title><body>");
  [browser, site, other] = await Promise.all([launch(), serve(), serve(empty)]);
});

after(async () => {
  await browser?.close();
  site?.close();
  other?.close();
});

const keys = async (page, ...all) => {
  for (const k of all) await page.keyboard.press(k);
};

describe("nano", () => {
  test("has nano's keys", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, "nano a.txt");
    await page.locator(".nano .cm-content").waitFor();
    await page.getByText("[ New File ]").waitFor();
    await page.keyboard.type("one\ntwo\nthree");
    await keys(page, "Control+a", "ArrowUp", "Control+k", "Control+k", "Control+u", "Alt+\\", "Control+u");
    await keys(page, "Control+w");
    await page.keyboard.type("THREE\n");
    await keys(page, "Control+e");
    await page.keyboard.type("!");
    await keys(page, "Control+c");
    await page.getByText(/line \d\/\d/).waitFor();
    await keys(page, "Control+x");
    await page.getByText("Save modified buffer?").waitFor();
    await keys(page, "y", "Enter");
    await page.locator(".nano").waitFor({ state: "detached" });
    const { stdout } = await exec(page, "cat a.txt");
    assert.equal(stdout, "two\nthree\none\ntwo\nthree!\n");

    await type(page, "nano a.txt");
    await page.locator(".nano .cm-content").waitFor();
    await page.keyboard.type("dropped");
    await keys(page, "Control+o", "Enter");
    await page.getByText("[ Wrote").waitFor();
    assert.equal((await exec(page, "cat a.txt")).stdout, "dropped" + stdout, "what is written is there before nano is left");
    await page.keyboard.type("never");
    await keys(page, "Control+x", "n");
    await page.locator(".nano").waitFor({ state: "detached" });
    assert.equal((await exec(page, "cat a.txt")).stdout, "dropped" + stdout);
    await page.context().close();
  });
});

describe("vi", () => {
  test("has vi's keys and commands", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, "vi b.txt");
    await page.locator(".vi .cm-content").waitFor();
    await page.getByText('"b.txt" [New]').waitFor();
    await page.keyboard.type("ihello\nworld");
    await keys(page, "Escape");
    await page.keyboard.type("ggyyGpdd:q\n");
    await page.getByText("E37: No write since last change").waitFor();
    await page.keyboard.type(":w\n");
    await page.getByText(/written/).waitFor();
    assert.equal((await exec(page, "cat b.txt")).stdout, "hello\nworld\n", "what is written is there before vi is left");
    await page.keyboard.type("ccagain");
    await keys(page, "Escape");
    await page.keyboard.type(":wq\n");
    await page.locator(".vi").waitFor({ state: "detached" });
    assert.equal((await exec(page, "cat b.txt")).stdout, "hello\nagain\n");

    await type(page, "vim b.txt");
    await page.locator(".vi .cm-content").waitFor();
    await page.keyboard.type("ddZZ");
    await page.locator(".vi").waitFor({ state: "detached" });
    assert.equal((await exec(page, "cat b.txt")).stdout, "again\n");
    await page.context().close();
  });

  test("kubectl edit opens $KUBE_EDITOR", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await exec(page, "kubectl create configmap edited --from-literal=a=1");
    await type(page, "KUBE_EDITOR=nano kubectl edit configmap edited");
    await page.locator(".nano .cm-content").waitFor();
    await keys(page, "Control+\\");
    await page.keyboard.type('"1"\n"2"\n');
    await keys(page, "a", "Control+o", "Enter", "Control+x");
    await shows(page, "configmap/edited edited");
    assert.equal((await exec(page, "kubectl get configmap edited -o jsonpath={.data.a}")).stdout, "2");
    await page.context().close();
  });
});

describe("whatever is typed", () => {
  for (const loop of ["while true; do :; done", "yes", "kubectl get pods -w", "sleep 1000", "cat"]) {
    test(`Ctrl-C ends ${loop}`, async () => {
      const page = await open(browser, site.url);
      await ready(page);
      await type(page, loop);
      await page.waitForTimeout(400);
      await page.keyboard.press("Control+c");
      await type(page, "clear; echo over $((40 + 2))");
      await shows(page, /^over 42$/m);
      await page.context().close();
    });
  }

  test("the page does not freeze while the cluster computes", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, "while true; do :; done");
    const slowest = await page.evaluate(async () => {
      let slowest = 0;
      for (let i = 0, last = performance.now(); i < 60; i++) {
        const now = await new Promise(requestAnimationFrame);
        slowest = Math.max(slowest, now - last);
        last = now;
      }
      return slowest;
    });
    assert.ok(slowest < 250, `the slowest frame took ${slowest} ms`);
    await page.context().close();
  });

  test("what is typed while nothing has the focus is taken, once", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await page.keyboard.type("echo one\n");
    await shows(page, /^one$/m);
    await page.context().close();
  });

  test("text that comes without keys is taken", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await page.locator(".xterm-helper-textarea").focus();
    await page.keyboard.type("echo ");
    await page.keyboard.insertText("日本😀é");
    await page.keyboard.type(" | wc -m\n");
    await shows(page, /^5$/m);
    await page.context().close();
  });

  test("binary that is pasted does no harm", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await page.evaluate(() => document.querySelector("terrarium-lesson").cluster.write(Uint8Array.from({ length: 2000 }, (_, i) => (i * 7919) % 256)));
    await page.waitForTimeout(300);
    await page.keyboard.press("Control+c");
    await page.evaluate(() => document.querySelector("terrarium-lesson").cluster.write("\x03\x03"));
    await type(page, "clear; echo over $((40 + 2))");
    await shows(page, /^over 42$/m);
    await page.context().close();
  });
});

describe("the API", () => {
  /** A page that has nothing to do with Terrarium, of another origin. */
  async function anyPage() {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(other.url);
    return page;
  }

  test("createCluster works without elements", async () => {
    const page = await anyPage();
    const got = await page.evaluate(async (url) => {
      const { createCluster } = await import(`${url}terrarium.js`);
      const cluster = await createCluster({ seed: 7 });
      const shown = [];
      cluster.onData((b) => void shown.push(new TextDecoder().decode(b)));
      const nodes = await cluster.exec("kubectl get nodes -o name");
      const response = await cluster.fetch("https://controlplane:6443/api/v1/nodes");
      const list = await response.json();
      const before = await cluster.advance(0);
      const after = await cluster.advance("1h30m");
      await cluster.writeFile("/root/x", "content");
      const file = new TextDecoder().decode(await cluster.readFile("/root/x"));
      const watch = await cluster.fetch("https://controlplane:6443/api/v1/configmaps?watch=true");
      const reader = watch.body.getReader();
      await cluster.exec("kubectl create configmap seen");
      let text = "";
      while (!text.includes('"seen"')) text += new TextDecoder().decode((await reader.read()).value);
      await reader.cancel();
      await cluster.exec("kubectl create namespace gone");
      const undone = await cluster.undo();
      const missing = await cluster.exec("kubectl get namespace gone");
      const log = await cluster.log();
      await cluster.reset();
      const empty = await cluster.exec("cat /root/x");
      await cluster.restore(log);
      const again = await cluster.exec("cat /root/x");
      cluster.close();
      return { nodes, items: list.items.length, status: response.status, minutes: (after - before) / 60000, file, undone, missing: missing.exit, empty: empty.exit, again: again.stdout, shown: shown.join("") };
    }, site.url);
    assert.equal(got.nodes.stdout, "node/controlplane\nnode/node01\nnode/node02\n");
    assert.equal(got.status, 200);
    assert.equal(got.items, 3);
    assert.ok(got.minutes >= 90 && got.minutes < 91, `${got.minutes}`);
    assert.equal(got.file, "content");
    assert.equal(got.undone, "kubectl create namespace gone");
    assert.equal(got.missing, 1);
    assert.equal(got.empty, 1);
    assert.equal(got.again, "content");
    assert.match(got.shown, /controlplane.*\$ /);
    await page.context().close();
  });

  test("<terrarium-terminal> works on any page", async () => {
    const page = await anyPage();
    await page.evaluate(async (url) => {
      await import(`${url}terrarium.js`);
      document.body.innerHTML = '<terrarium-terminal style="height: 400px"></terrarium-terminal>';
    }, site.url);
    await page.waitForFunction(() => document.querySelector("terrarium-terminal").cluster, null, { timeout: 30_000 });
    await type(page, "kubectl get nodes");
    await shows(page, /node02/);
    assert.match(await screen(page), /controlplane\s+Ready/);
    await page.context().close();
  });
});
