// The lesson, from an empty profile: typing, editor, click to run, quiz, checkpoints, reload, undo, reset.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { advance, checkpoint, exec, launch, open, ready, screen, serve, shows, type } from "./browser.mjs";

let browser, site;

before(async () => {
  [browser, site] = await Promise.all([launch(), serve()]);
});

after(async () => {
  await browser?.close();
  site?.close();
});

const create =
  "kubectl create secret docker-registry my-registry-creds --docker-server=registry.example.com --docker-username=myuser --docker-password=mypassword";

const state = (page, id) => checkpoint(page, id).getAttribute("data-state");

const passes = (page, id) => checkpoint(page, id).and(page.locator("[data-state=passed]")).waitFor({ timeout: 20_000 });

const station = (page, name) => page.locator(".station", { has: page.locator(".name", { hasText: new RegExp(`^${name}$`) }) });

describe("the private-registry lesson", () => {
  test("is taught by typing", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, "kubectl get nodes");
    await shows(page, /node02\s+Ready/);

    await type(page, "kubectl run private-pod --image=registry.example.com/myapp:1.0");
    await shows(page, "pod/private-pod created");
    await advance(page, "5s");
    await type(page, "clear; kubectl get pods");
    await shows(page, /private-pod\s+0\/1\s+(ErrImagePull|ImagePullBackOff)/);
    await station(page, "Present").and(page.locator("[data-state=failed]")).waitFor();

    assert.equal(await state(page, "secret-created"), "waiting");
    await type(page, create);
    await passes(page, "secret-created");
    await station(page, "Store").and(page.locator("[data-state=done]")).waitFor();

    await type(page, "kubectl delete pod private-pod");
    await shows(page, 'pod "private-pod" deleted');
    await type(page, "clear; nano private-pod.yaml");
    await page.locator(".nano .cm-content").waitFor();
    const manifest = await page.locator(".file pre").first().textContent();
    for (const line of manifest.split("\n")) {
      await page.keyboard.insertText(line);
      await page.keyboard.press("Enter");
    }
    await page.keyboard.press("Control+o");
    await page.keyboard.press("Enter");
    await page.getByText("[ Wrote").waitFor();
    await page.keyboard.press("Control+x");
    await type(page, "kubectl apply -f private-pod.yaml");
    await shows(page, "pod/private-pod created");
    await advance(page, "10s");
    await passes(page, "pod-running");
    await station(page, "Pull").and(page.locator("[data-state=done]")).waitFor();
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  test("runs its commands on a click", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await page.getByRole("button", { name: "Run: kubectl run private-pod --image=registry.example.com/myapp:1.0" }).click();
    await shows(page, "pod/private-pod created");
    await page.locator(".command", { hasText: "kubectl get pods" }).first().locator("code").click();
    await shows(page, /private-pod\s+0\/1/);
    await type(page, "kubectl get pods -w");
    await shows(page, /get pods -w\nNAME/);
    await page.getByRole("button", { name: `Run: ${create}` }).click();
    await shows(page, "secret/my-registry-creds created");
    assert.equal((await exec(page, "kubectl get secret my-registry-creds -o name")).stdout, "secret/my-registry-creds\n");
    await page.context().close();
  });

  test("asks questions", async () => {
    const page = await open(browser, site.url);
    const quiz = page.locator("[data-quiz=who-pulls]");
    await quiz.getByText("The API server").click();
    await quiz.getByRole("button", { name: "Check answer" }).click();
    await quiz.getByText("Not quite").waitFor();
    await quiz.getByText("The node's container runtime").click();
    await quiz.getByRole("button", { name: "Check answer" }).click();
    await quiz.getByText("Right.").waitFor();
    await quiz.locator(".explanation").waitFor();

    const short = page.locator("form.quiz", { has: page.getByLabel("Your answer") }).first();
    await short.getByRole("button", { name: "Reveal answer" }).click();
    await short.getByText("The answer:").waitFor();
    await page.context().close();
  });

  test("keeps the session over a reload", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, create);
    await passes(page, "secret-created");
    await type(page, "echo kept > file.txt");
    await page.locator("[data-quiz=who-pulls]").getByRole("button", { name: "Reveal answer" }).click();
    await page.waitForTimeout(300);
    await page.reload();
    await ready(page);
    await passes(page, "secret-created");
    await shows(page, "secret/my-registry-creds created");
    assert.equal((await exec(page, "cat file.txt")).stdout, "kept\n");
    await page.locator("[data-quiz=who-pulls]").getByText("The answer is marked.").waitFor();
    await type(page, "echo still here");
    await shows(page, /^still here/m);
    await page.context().close();
  });

  test("takes back the last command, and starts over", async () => {
    const page = await open(browser, site.url);
    await ready(page);
    await type(page, "kubectl create configmap before");
    await shows(page, "configmap/before created");
    await type(page, create);
    await passes(page, "secret-created");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Took back: kubectl create secret").waitFor();
    await checkpoint(page, "secret-created").and(page.locator("[data-state=waiting]")).waitFor();
    assert.equal((await exec(page, "kubectl get secret my-registry-creds")).exit, 1);
    assert.equal((await exec(page, "kubectl get configmap before")).exit, 0);
    assert.ok(!(await screen(page)).includes("my-registry-creds created"));

    await page.getByRole("button", { name: "Reset" }).click();
    await page.getByRole("button", { name: "Start over" }).click();
    await page.getByText("A new cluster.").waitFor();
    assert.equal((await exec(page, "kubectl get configmap before")).exit, 1);
    await page.reload();
    await ready(page);
    assert.equal((await exec(page, "kubectl get configmap before")).exit, 1);
    await page.context().close();
  });
});
