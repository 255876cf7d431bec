// The API server of a cluster on Cloudflare Workers. A Durable Object holds the cluster: one Go program, started by
// the first request and kept while the object lives. Which cluster a request is for says
// the header X-Terrarium-Cluster; without it, it is the one called "default".
import "./wasm_exec.js";
import module from "./worker.wasm";

export class Cluster {
  constructor() {
    this.started = undefined;
  }

  async fetch(request) {
    this.started ??= start();
    try {
      return await (await this.started).handleRequest(request);
    } catch (e) {
      this.started = undefined; // the program has ended: the next request starts another
      return Response.json({ kind: "Status", apiVersion: "v1", status: "Failure", message: String(e), code: 500 }, { status: 500 });
    }
  }
}

export default {
  fetch(request, env) {
    const name = request.headers.get("X-Terrarium-Cluster") ?? "default";
    return env.CLUSTER.get(env.CLUSTER.idFromName(name)).fetch(request);
  },
};

/** Starts the program; resolves, when it serves, with the object on which package workers puts handleRequest. */
async function start() {
  const go = new Go();
  const binding = {};
  let fail, serve;
  const ready = new Promise((resolve, reject) => ((serve = resolve), (fail = reject)));
  const instance = new WebAssembly.Instance(module, { ...go.importObject, workers: { ready: () => serve() } });
  // Package workers reads both globals while the program initialises, which run does before it returns.
  globalThis.tryCatch = (f) => {
    try {
      return { result: f() };
    } catch (error) {
      return { error };
    }
  };
  globalThis.context = { binding };
  go.run(instance).then(() => fail(new Error("the simulator ended")), fail);
  await ready;
  return binding;
}
