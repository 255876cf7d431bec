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

test("browser and native program print the same", { timeout: 120_000 }, async () => {
  const input = script.map((line) => JSON.stringify({ exec: line })).join("\n") + "\n";
  const native = spawnSync(path.join(root, "bin/terrarium"), ["sh", "--json", "--seed", "42"], { input, encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(native.status, 0, native.stderr);
  const want = native.stdout.trim().split("\n").map((l) => JSON.parse(l));

  const page = await browser.newPage();
  await page.goto(`${site.url}types/none`);
  const got = await page.evaluate(
    async ({ url, script }) => {
      const { createCluster } = await import(`${url}terrarium.js`);
      const cluster = await createCluster({ seed: 42, speed: 0 });
      const all = [];
      for (const line of script) all.push(await cluster.exec(line));
      cluster.close();
      return all;
    },
    { url: site.url, script },
  );
  for (const [i, line] of script.entries()) {
    const pick = ({ stdout, stderr, exit, time }) => ({ line, stdout, stderr, exit, time });
    assert.deepEqual(pick(got[i]), pick(want[i]));
  }
});
