// The API server in real workerd: many requests to one cluster, a watch among them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const wasm = path.resolve(here, "../../build/worker.wasm");
const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();

let worker;

before(async () => {
  worker = new Miniflare({
    compatibilityDate: "2026-04-01",
    modulesRoot: here,
    modules: [
      { type: "ESModule", path: path.join(here, "worker.mjs"), contents: readFileSync(path.join(here, "worker.mjs"), "utf8") },
      { type: "ESModule", path: path.join(here, "wasm_exec.js"), contents: readFileSync(path.join(goroot, "lib/wasm/wasm_exec.js"), "utf8") },
      { type: "CompiledWasm", path: path.join(here, "worker.wasm"), contents: readFileSync(wasm) },
    ],
    durableObjects: { CLUSTER: "Cluster" },
  });
  await worker.ready;
});

after(() => worker?.dispose());

const get = (url, init) => worker.dispatchFetch(`https://cluster.example${url}`, init);

test("lists the nodes", async () => {
  const response = await get("/api/v1/nodes");
  assert.equal(response.status, 200);
  const list = await response.json();
  assert.equal(list.kind, "NodeList");
  assert.deepEqual(list.items.map((n) => n.metadata.name), ["controlplane", "node01", "node02"]);
});

test("keeps one cluster over many requests", async () => {
  const made = await get("/api/v1/namespaces/default/configmaps", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" }, data: { a: "1" } }),
  });
  assert.equal(made.status, 201, await made.text());
  for (let i = 0; i < 5; i++) {
    const response = await get("/api/v1/namespaces/default/configmaps/kept");
    assert.equal(response.status, 200);
    assert.deepEqual((await response.json()).data, { a: "1" });
  }
});

test("takes header values whole", async () => {
  const response = await get("/api/v1/nodes", { headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" } });
  assert.equal((await response.json()).kind, "Table");
});

test("streams a watch until it is given up", async () => {
  const giveUp = new AbortController();
  const response = await get("/api/v1/nodes?watch=true", { signal: giveUp.signal, headers: { "Accept-Encoding": "identity" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) text += (await reader.read()).value;
  assert.equal(JSON.parse(text.split("\n")[0]).type, "ADDED");
  await reader.cancel();
  giveUp.abort();
  assert.equal((await get("/api/v1/nodes")).status, 200);
});
