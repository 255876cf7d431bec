// recorded.mjs [-v] [--update] [NAME…]: plays the scripts of testdata/oracle, which were recorded from real Kubernetes
// 1.36.3, on `bin/terrarium sh --json`, and compares each command's output, normalised.
//
// testdata/oracle/known.txt lists the commands that differ, a line each: RECORDING NUMBER REASON. A difference that is
// not listed, or a listed one that is gone, fails; --update rewrites the list and keeps the reasons. NAME is the
// beginning of a recording's name. -v shows the differences. Reasons that nobody has written are guesses from the output alone.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";

const dir = "testdata/oracle";
const scenario = "testdata/scenarios/recorded.yaml";

const SAFE = "bcdfghjklmnpqrstvwxz2456789";
const DUR = "(?:\\d+(?:\\.\\d+)?(?:ms|us|µs|ns|y|d|h|m|s))+";
const AGES = new Set(["AGE", "DURATION", "LAST SCHEDULE", "LAST SEEN", "FIRST SEEN", "FIRSTSEEN", "LASTSEEN", "Age"]);
const re = (s, flags = "g") => new RegExp(s, flags);

function squeeze(s) {
  const lead = /^ */.exec(s)[0];
  return lead + s.slice(lead.length).replace(/ {2,}/g, "  ").trimEnd();
}

// What differs from run to run, and what stands in its place, in this order.
const RULES = [
  [/https:\/\/127\.0\.0\.1:\d{5}/g, "<SERVER>"],
  [/127\.0\.0\.1:(3[2-9]|[4-6]\d)\d{3}/g, "127.0.0.1:<PORT>"],
  [/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g, "<PEM $1>"],
  [/eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g, "<JWT>"],
  [/LS0tLS1CRUdJTi[A-Za-z0-9+/=]+/g, "<B64>"],
  [/(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])/g, "<UID>"],
  [/sha256:[0-9a-f]{64}/g, "sha256:<HEX>"],
  [/\b[0-9a-f]{64}\b/g, "<CID>"],
  [/("?resourceVersion"?: *)"\d+"/g, '$1"<RV>"'],
  [/("?resourceVersion"?:)\d+\b/g, "$1<RV>"],
  [/resourceVersion=\d+/g, "resourceVersion=<RV>"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "<TIME>"],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, "<TIME>"],
  [/\b\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4} \w+)?(?: m=\+[\d.]+)?/g, "<TIME>"],
  [/\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]/g, "[<TIME>]"],
  [/^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ([\w./-]+):\d+\]/gm, "$1<TIME> <GOFILE>]"],
  [re(`\\bin ${DUR} \\(${DUR} including waiting\\)`), "in <DUR> (<DUR> including waiting)"],
  [re(`\\(x\\d+ over ${DUR}\\)`), "(x<N> over <AGE>)"],
  [re(`\\((${DUR}) ago\\)`), "(<AGE> ago)"],
  [re(`\\b(?:${DUR}) ago\\b`), "<AGE> ago"],
  [re(`\\b([a-z0-9][a-z0-9.-]*?)-([${SAFE}]{7,10})-([${SAFE}]{5})\\b(?![a-z0-9])`), "$1-<HASH>-<RAND>"],
  [re(`(?<=[a-z0-9]-)(?=[a-z0-9]*[0-9bcdfghjklmnpqrstvwxz])[${SAFE}]{5}\\b(?![-a-z0-9])`), (m) => (/^\d+$/.test(m) ? m : "<RAND>")],
  [/\b10\.244\.\d+\.\d+\b(?!\/\d)/g, "<IP>"],
  [/\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+\b(?!\/\d)/g, (m) => (["10.96.0.1", "10.96.0.10", "10.96.0.0"].includes(m) ? m : "<CLUSTERIP>")],
  [/(\d:)(3[0-2]\d{3})(\/(?:TCP|UDP|SCTP))/g, "$1<NODEPORT>$3"],
  [/("?[nN]odePort"?: *(?:\S+ +)?)(3[0-2]\d{3})/g, "$1<NODEPORT>"],
  [/(Successfully assigned \S+ to )node0[12]/g, "$1<NODE>"],
  [/("?nodeName"?: *"?)node0[12]/g, "$1<NODE>"],
  [/^(Node: +)node0[12]\/\S+/gm, "$1<NODE>/<NODEIP>"],
  [/("?(?:hostIP|ip)"?: *"?)172\.30\.[23]\.2/g, "$1<NODEIP>"],
  [re(`^(\\s*Age: +)${DUR}`, "gm"), "$1<AGE>"],
  [re(`^(Duration: +)${DUR}`, "gm"), "$1<AGE>"],
  [/(?<=in )\d+ milliseconds/g, "<N> milliseconds"],
  [/^( *Resource Version: +)\d+/gm, "$1<RV>"],
  [/0x[0-9a-f]{7,}/g, "<PTR>"],
  [/(<PTR>|\{0x[0-9a-f]+\??, 0x[0-9a-f]+\??\})/g, "<PTR>"],
  [/dial tcp \S+->\S+/g, "dial tcp <CONN>"],
  [/\/(?:root|tmp)\/(kubectl-edit-|LIVE-|MERGED-)\d+/g, "/tmp/$1<N>"],
];

function columns(header) {
  return [...header.matchAll(/\S+(?: \S+)*/g)].map((m) => [m.index, m[0]]);
}

// Ages and nodes in tables, line by line, before other replacements change widths. Marks table lines with \0T.
function tables(raw) {
  const out = [];
  let cols = null;
  let events = false;
  for (const line of raw.split("\n")) {
    const blank = line.trim() === "";
    if (/^[A-Z][A-Z0-9()/ %_.-]*$/.test(line) && /[A-Z]{2}/.test(line) && !line.startsWith("-")) {
      cols = columns(line);
      const names = cols.map((c) => c[1]);
      const ages = names.some((n) => AGES.has(n));
      out.push(ages || names.some((n) => ["NODE", "IP", "NAME", "CLUSTER-IP", "TOKEN"].includes(n)) ? "\0T" + line : line);
      if (!ages && !names.some((n) => ["NODE", "IP", "NAME", "CLUSTER-IP"].includes(n))) cols = null;
      continue;
    }
    if (/^  Namespace +Name +CPU Requests/.test(line)) {
      cols = columns(line);
      out.push("\0T" + line);
      continue;
    }
    if (cols && line.startsWith("  ---------")) {
      out.push("\0T" + line);
      continue;
    }
    if (/^Events:|^Allocated resources:/.test(line)) {
      events = line.startsWith("Events:");
      cols = null;
      out.push(line);
      continue;
    }
    if (events && /^  Type +Reason +Age +From +Message/.test(line)) {
      cols = columns(line);
      out.push("\0T" + line);
      continue;
    }
    if (events && line.startsWith("  ----")) {
      out.push("\0T  ----  ------  ---  ----  -------");
      continue;
    }
    if (cols && !blank) {
      const cells = cols.map(([pos, name], i) => {
        let c = line.slice(pos, i + 1 < cols.length ? cols[i + 1][0] : undefined);
        if (AGES.has(name)) c = c.replace(re(DUR), "<AGE>").replace(/\(x\d+ over/g, "(x<N> over");
        else if (name === "NODE") c = c.replace(/\bnode0[12]\b/g, "<NODE>");
        return c;
      });
      const text = cells.map((c, i) => (c.endsWith(" ") || i + 1 === cells.length || !c ? c : c)).join("");
      out.push("\0T" + line.slice(0, cols[0][0]) + text);
      continue;
    }
    if (blank) {
      cols = null;
      events = false;
    }
    out.push(line);
  }
  return out;
}

export function normalise(raw) {
  const lines = tables(raw);
  let text = lines.map((l) => (l.startsWith("\0T") ? l.slice(2) : l)).join("\n");
  for (const [pattern, by] of RULES) text = text.replace(pattern, by);
  const now = text.split("\n");
  if (now.length !== lines.length) return now.map((l) => (l.includes("<") ? squeeze(l) : l)).join("\n");
  return now
    .map((l, i) => {
      const table = lines[i].startsWith("\0T");
      const was = table ? lines[i].slice(2) : lines[i];
      return table || l !== was ? squeeze(l) : l;
    })
    .join("\n");
}

// The items of a script: [kind, text].
export function parse(path) {
  const lines = readFileSync(path, "utf8").split("\n");
  const items = [];
  let i = 0;
  const body = (first) => {
    let text = first;
    while (text.endsWith("\\")) text += "\n" + lines[++i];
    for (const m of text.matchAll(/<<-?\s*(['"]?)(\w+)\1/g)) {
      do text += "\n" + lines[++i];
      while (lines[i].trim() !== m[2]);
    }
    return text;
  };
  for (; i < lines.length; i++) {
    const l = lines[i];
    if (l.startsWith("$ ")) items.push(["cmd", body(l.slice(2))]);
    else if (l.startsWith("! ")) {
      const [, kind, rest] = /^(\S+) ?(.*)$/s.exec(l.slice(2));
      items.push([kind, body(rest)]);
    } else if (l.startsWith("#")) items.push(["note", l.slice(1).trim()]);
    else if (l.trim()) throw new Error(`${path}:${i + 1}: cannot read: ${l}`);
  }
  return items;
}

// The recorded commands of a .norm file.
function sections(path) {
  const out = [];
  let cur = null;
  let key = null;
  for (const line of readFileSync(path, "utf8").split("\n").slice(1)) {
    const m = /^-- (?:(\d{3,})\/(cmd|stdout|stderr|exit)|note|file .*) --$/.exec(line);
    if (m) {
      if (m[2] === "cmd") out.push((cur = {}));
      key = m[2];
      if (key) cur[key] = [];
    } else if (key) cur[key].push(line);
  }
  const text = (lines = []) => {
    const s = lines.join("\n");
    const bare = "\n\\ no newline at end";
    return s.endsWith(bare) ? s.slice(0, -bare.length) : s ? s + "\n" : "";
  };
  return out.map((c) => ({ cmd: c.cmd.join("\n"), stdout: text(c.stdout), stderr: text(c.stderr), exit: (c.exit ?? []).join("") }));
}

class Shell {
  constructor() {
    this.p = spawn("bin/terrarium", ["sh", "--json", "--scenario", scenario], { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.p.stdout })[Symbol.asyncIterator]();
  }
  async send(msg) {
    this.p.stdin.write(JSON.stringify(msg) + "\n");
    const { value, done } = await this.lines.next();
    if (done) throw new Error("terrarium sh has ended");
    return JSON.parse(value);
  }
  close() {
    this.p.stdin.end();
  }
}

const seconds = (s) => parseFloat(s) * (s.endsWith("m") ? 60 : 1);

async function* play(script, name) {
  const sh = new Shell();
  try {
    const first = readFileSync(script, "utf8").split("\n", 1)[0];
    const use = (ns) => sh.send({ exec: `kubectl create namespace ${ns}; kubectl config set-context --current --namespace=${ns}` });
    if (!/^# (fresh cluster|default namespace)/.test(first)) await use(name.toLowerCase().replace(/[^a-z0-9]+/g, "-"));
    let limit;
    for (const [kind, text] of parse(script)) {
      if (kind === "wait") await sh.send({ advance: `${seconds(text)}s` });
      else if (kind === "until") {
        const m = /^(\d+(?:\.\d+)?[sm]) /.exec(text);
        let tries = m ? Math.floor(seconds(m[1])) : 120;
        const line = m ? text.slice(m[0].length) : text;
        while (tries-- > 0 && (await sh.send({ exec: line })).exit !== 0) await sh.send({ advance: "1s" });
      } else if (kind === "quiet") await sh.send({ exec: text });
      else if (kind === "limit") limit = text.trim();
      else if (kind === "namespace") await use(text);
      else if (kind === "editor") {
        await sh.send({ write: "editor.sh", content: `#!/bin/bash\nsed -i '${text}' "$1"\n` });
        await sh.send({ exec: "chmod +x editor.sh; export EDITOR=$PWD/editor.sh KUBE_EDITOR=$PWD/editor.sh" });
      } else if (kind === "file") {
        const at = text.indexOf("\n");
        await sh.send({ write: text.slice(0, at).split(/\s+/)[0], content: text.slice(at + 1).split("\n").slice(0, -1).join("\n") + "\n" });
      } else if (kind === "cmd") {
        yield [text, await sh.send(limit ? { exec: text, interruptAfter: limit } : { exec: text })];
        limit = undefined;
      } else if (kind !== "note") throw new Error(`${script}: unknown directive ${kind}`);
    }
  } finally {
    sh.close();
  }
}

/** A first guess at why an output differs; who knows better writes it into the list. */
function guess(want, got) {
  const w = want.stdout + want.stderr;
  const g = got.stdout + got.stderr;
  if (g.includes("but does not simulate it")) return "not simulated";
  if (/ErrImagePull|ImagePullBackOff/.test(w) && /ErrImagePull|ImagePullBackOff/.test(g)) return "a retry is caught earlier or later";
  const status = /Terminating|ContainerCreating|Pending|Completed|Running|0\/1|1\/1/;
  if (status.test(w) && status.test(g) && w.split("\n").length === g.split("\n").length) return "a status is caught a moment earlier or later";
  return "not yet explained";
}

function show(label, want, got) {
  if (want === got) return;
  const a = want.split("\n");
  const b = got.split("\n");
  for (const l of a.filter((l) => !b.includes(l)).slice(0, 20)) console.log(`    - ${label}: ${l}`);
  for (const l of b.filter((l) => !a.includes(l)).slice(0, 20)) console.log(`    + ${label}: ${l}`);
}

async function main() {
  const args = process.argv.slice(2);
  const verbose = args.includes("-v");
  const update = args.includes("--update");
  const wanted = args.filter((a) => !a.startsWith("-"));
  const knownFile = join(dir, "known.txt");
  const known = new Map();
  if (existsSync(knownFile))
    for (const l of readFileSync(knownFile, "utf8").split("\n")) {
      const m = /^(\S+) (\d+) (.*)$/.exec(l);
      if (m) known.set(`${m[1]} ${m[2]}`, m[3]);
    }
  const differ = [];
  let matched = 0;
  let total = 0;
  let gone = 0;
  let fresh = 0;
  for (const file of readdirSync(join(dir, "transcripts")).sort()) {
    const name = file.replace(/\.norm$/, "");
    if (wanted.length && !wanted.some((w) => name.startsWith(w))) continue;
    const group = readdirSync(join(dir, "scripts")).find((g) => name.startsWith(g + "-"));
    const script = join(dir, "scripts", group, name.slice(group.length + 1) + ".txt");
    const want = sections(join(dir, "transcripts", file));
    const foreign = (w) =>
      [...(w.stdout + w.stderr).matchAll(/\b(?:basics|pull-secrets|workloads)-\d\d-[a-z0-9-]*[a-z0-9]/g)].some((m) => m[0] !== name);
    let n = 0;
    let good = 0;
    let counted = 0;
    for await (const [cmd, r] of play(script, name)) {
      const w = want[n++];
      if (!w || foreign(w)) continue;
      counted++;
      const got = { cmd, stdout: normalise(r.stdout ?? ""), stderr: normalise(r.stderr ?? ""), exit: String(r.exit ?? 0) };
      const id = `${name} ${n}`;
      if (w.cmd === got.cmd && w.stdout === got.stdout && w.stderr === got.stderr && w.exit === got.exit) {
        good++;
        if (known.has(id)) {
          gone++;
          console.log(`${id}: listed as different, and equal now`);
        }
        continue;
      }
      differ.push(`${id} ${known.get(id) ?? guess(w, got)}`);
      if (!known.has(id)) {
        fresh++;
        console.log(`${id}: differs: ${cmd.split("\n")[0]}`);
      }
      if (verbose) for (const k of ["cmd", "stdout", "stderr", "exit"]) show(k, w[k], got[k]);
    }
    matched += good;
    total += counted;
    console.log(`${name}: ${good} of ${counted}`);
  }
  console.log(`${matched} of ${total} commands`);
  if (update) writeFileSync(knownFile, differ.join("\n") + "\n");
  else if (gone || fresh) process.exit(1);
}

await main();
