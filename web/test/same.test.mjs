// The same script gives the same bytes in the browser and natively.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch, root, serve } from "./browser.mjs";

let browser, site;

before(async () => {
  [browser, site] = await Promise.all([launch(), serve()]);
});

after(async () => {
  await browser?.close();
  site?.close();
});

const script = [
  "kubectl get nodes -o wide",
  "kubectl run private-pod --image=registry.example.com/myapp:1.0",
  "sleep 45; kubectl describe pod private-pod",
  "kubectl create secret docker-registry my-registry-creds --docker-server=registry.example.com --docker-username=myuser --docker-password=mypassword",
  "kubectl get secret my-registry-creds -o yaml",
  `kubectl patch serviceaccount default -p '{"imagePullSecrets":[{"name":"my-registry-creds"}]}'`,
  "kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=2",
  "kubectl rollout status deployment/web --timeout=60s",
  "kubectl get pods -o wide; kubectl get events --sort-by=.lastTimestamp | tail -n 5",
  "for i in 1 2 3; do echo $i $RANDOM; done | sort -r",
  "kubectl get pod web-nosuch",
  "kubectl create deployment",
  "date; ls -la",
  "kubectl get all -A -o json | jq -r '.items[].metadata | \"\\(.name) \\(.uid)\"'",
];

const pick = ({ stdout, stderr, exit, time }) => ({ stdout, stderr, exit, time: Date.parse(time) });

function natively(...flags) {
  const input = script.map((line) => JSON.stringify({ exec: line })).join("\n") + "\n";
  const done = spawnSync(path.join(root, "bin/terrarium"), ["sh", "--json", ...flags], { input, encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim().split("\n").map((l) => pick(JSON.parse(l)));
}

async function inBrowser(options) {
  const page = await browser.newPage();
  await page.goto(`${site.url}types/none`);
  const got = await page.evaluate(
    async ({ url, script, options }) => {
      const { createCluster } = await import(`${url}terrarium.js`);
      const cluster = await createCluster({ speed: 0, ...options });
      const all = [];
      for (const line of script) all.push(await cluster.exec(line));
      cluster.close();
      return all;
    },
    { url: site.url, script, options },
  );
  await page.close();
  return got.map(pick);
}

function same(got, want) {
  for (const [i, line] of script.entries()) assert.deepEqual({ line, ...got[i] }, { line, ...want[i] });
}

test("browser and native program print the same", { timeout: 300_000 }, async () => {
  same(await inBrowser({ seed: 42, image: "" }), natively("--seed", "42"));
});

test("a program that was woken from its image prints the same", { timeout: 300_000 }, async () => {
  same(await inBrowser({}), natively());
});
