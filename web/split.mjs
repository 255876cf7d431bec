// A Go program in two modules: what runs first, with all data, and the rest. The first calls functions of the rest through
// the table, in which they are missing until the rest is there; when one is missing it calls the import more.load, which
// must have instantiated the rest when it returns. See RATIONALE.md.
import { appended, assembled, named, readUnsigned, sectionIDs, sections, signed, unsigned } from "./module.mjs";

/** PC_F of the first function: its index in the table (src/cmd/link/internal/wasm/asm.go). */
const firstInTable = 0x1000;
/** Go's functions take a PC_B and return whether the stack is to be unwound. */
const goType = 0;

const op = { if: 0x04, end: 0x0b, call: 0x10, callIndirect: 0x11, get: 0x20, tableGet: 0x25, constant: 0x41, isNull: 0xd1 };

function skipLEB(code, at) {
  while (code[at++] & 0x80);
  return at;
}

/** Where the instruction after the one at `at` starts. */
function next(code, at) {
  const o = code[at++];
  switch (o) {
    case 0x02: case 0x03: case 0x04: // block, loop, if
    case 0x0c: case 0x0d: case 0x10: // br, br_if, call
    case 0x20: case 0x21: case 0x22: case 0x23: case 0x24: // locals and globals
    case 0x3f: case 0x40: // memory.size, memory.grow
    case 0x41: case 0x42: // constants
      return skipLEB(code, at);
    case 0x0e: { // br_table
      let [n, from] = readUnsigned(code, at);
      for (; n >= 0; n--) from = skipLEB(code, from);
      return from;
    }
    case 0x11: // call_indirect
      return skipLEB(code, skipLEB(code, at));
    case 0x43:
      return at + 4;
    case 0x44:
      return at + 8;
    case 0xfc: {
      const [sub, from] = readUnsigned(code, at);
      if (sub < 8) return from; // saturating conversions
      if (sub === 10) return from + 2; // memory.copy
      if (sub === 11) return from + 1; // memory.fill
      break;
    }
    default:
      if (o >= 0x28 && o <= 0x3e) return skipLEB(code, skipLEB(code, at)); // loads and stores
      if ((o >= 0x45 && o <= 0xc4) || [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b].includes(o)) return at;
  }
  throw new Error(`instruction ${o.toString(16)} is not known`);
}

/** The bodies of a code section, each with its local declarations. */
function bodies(content) {
  let [count, at] = readUnsigned(content, 0);
  const out = [];
  for (; count; count--) {
    const [length, from] = readUnsigned(content, at);
    out.push(content.subarray(from, from + length));
    at = from + length;
  }
  return out;
}

function afterLocals(body) {
  let [count, at] = readUnsigned(body, 0);
  for (; count; count--) at = skipLEB(body, at) + 1;
  return at;
}

const sized = (body) => Buffer.concat([unsigned(body.length), body]);
const vector = (items) => Buffer.concat([unsigned(items.length), ...items]);

function take(all, id) {
  return all.find((s) => s[0] === id);
}

/** The module in which each function that runs leaves a 1 at address `at` plus its number. */
export function marking(wasm, at) {
  const all = sections(wasm);
  const code = take(all, sectionIDs.code);
  code[1] = vector(
    bodies(code[1]).map((body, i) => {
      const from = afterLocals(body);
      return sized(Buffer.concat([body.subarray(0, from), Buffer.from([op.constant]), signed(at + i), Buffer.from([op.constant, 1, 0x3a, 0, 0]), body.subarray(from)]));
    }),
  );
  return assembled(all);
}

/** A body in which calls are what `call(function)` and `indirect` make of them. */
function rewritten(body, call, indirect) {
  const out = [];
  let kept = 0;
  for (let at = afterLocals(body); at < body.length; ) {
    const end = next(body, at);
    if (body[at] === op.callIndirect && body[at + 1] !== goType) throw new Error("an indirect call that is not of Go's type");
    const by = body[at] === op.call ? call(readUnsigned(body, at + 1)[0]) : body[at] === op.callIndirect ? indirect : undefined;
    if (by) {
      out.push(body.subarray(kept, at), by);
      kept = end;
    }
    at = end;
  }
  out.push(body.subarray(kept));
  return sized(Buffer.concat(out));
}

/** Puts functions into the table, in runs of neighbours, by their number; -1 is one of the other module. */
function elements(indices, tableSize) {
  const runs = [];
  for (const [i, index] of indices.entries()) {
    if (index < 0 || firstInTable + i >= tableSize) continue; // slim.mjs's function is not called from the table
    const last = runs.at(-1);
    if (last && last.first + last.indices.length === i) last.indices.push(unsigned(index));
    else runs.push({ first: i, indices: [unsigned(index)] });
  }
  return vector(runs.map((r) => Buffer.concat([Buffer.from([0, op.constant]), signed(firstInTable + r.first), Buffer.from([op.end]), vector(r.indices)])));
}

/** Two modules of one. `first(i)` says whether function i, imports not counted, belongs into the first. */
export function split(wasm, first) {
  const all = sections(wasm);
  const content = (id) => take(all, id)[1];
  const types = [];
  for (let [n, at] = readUnsigned(content(sectionIDs.function), 0); n; n--) {
    const [type, from] = readUnsigned(content(sectionIDs.function), at);
    types.push(type);
    at = from;
  }
  const imports = readUnsigned(content(sectionIDs.import), 0)[0];
  const here = types.map((type, i) => type !== goType || first(i));
  const code = bodies(content(sectionIDs.code));
  const inTable = (i) => [op.constant, ...signed(firstInTable + i)];
  const [tableSize] = readUnsigned(content(sectionIDs.table), 3);
  const typeCount = readUnsigned(content(sectionIDs.type), 0)[0];

  // The first has one more import, load, and one more function, far, at its end.
  const load = imports;
  const number = (part, before) => {
    let n = before;
    return types.map((_, i) => (here[i] === part ? n++ : -1));
  };
  const mine = number(true, imports + 1);
  const far = imports + 1 + here.filter(Boolean).length;
  const callFar = Buffer.from([op.call, ...unsigned(far)]);
  const out = sections(wasm);
  const put = (id, bytes) => (take(out, id)[1] = bytes);
  put(sectionIDs.type, [[0x60, 0, 0], [0x60, 2, 0x7f, 0x7f, 1, 0x7f]].reduce((c, t) => appended(c, Buffer.from(t)), content(sectionIDs.type)));
  put(sectionIDs.import, appended(content(sectionIDs.import), Buffer.concat([named("more"), named("load"), Buffer.from([0]), unsigned(typeCount)])));
  put(sectionIDs.function, vector([...types.filter((_, i) => here[i]), typeCount + 1].map(unsigned)));
  put(sectionIDs.export, moved(content(sectionIDs.export), (i) => mine[i - imports]));
  put(sectionIDs.export, appended(take(out, sectionIDs.export)[1], Buffer.concat([named("table"), Buffer.from([1, 0])])));
  put(sectionIDs.start, unsigned(mine[readUnsigned(content(sectionIDs.start), 0)[0] - imports]));
  put(sectionIDs.element, elements(mine, tableSize));
  const call = (f) => (f < imports ? undefined : here[f - imports] ? Buffer.from([op.call, ...unsigned(mine[f - imports])]) : Buffer.from([...inTable(f - imports), ...callFar]));
  const farBody = Buffer.from([
    0, op.get, 1, op.tableGet, 0, op.isNull, op.if, 0x40, op.call, ...unsigned(load), op.end,
    op.get, 0, op.get, 1, op.callIndirect, goType, 0, op.end,
  ]);
  put(sectionIDs.code, vector([...code.filter((_, i) => here[i]).map((b) => rewritten(b, call, callFar)), sized(farBody)]));

  // The rest takes memory, table and globals from the first.
  const theirs = number(false, imports);
  const shared = [
    [named("mem"), Buffer.from([2, ...limits(content(sectionIDs.memory))])],
    [named("table"), Buffer.from([1, ...limits(content(sectionIDs.table))])],
    ...globals(content(sectionIDs.global)).map((type, i) => [named(`global${i}`), Buffer.from([3, type, 1])]),
  ];
  const callBack = (f) => {
    if (f < imports) return undefined;
    const i = f - imports;
    return here[i] ? Buffer.from([...inTable(i), op.callIndirect, ...unsigned(types[i]), 0]) : Buffer.from([op.call, ...unsigned(theirs[i])]);
  };
  const rest = [
    [sectionIDs.type, content(sectionIDs.type)],
    [sectionIDs.import, shared.reduce((c, [name, what]) => appended(c, Buffer.concat([named("first"), name, what])), content(sectionIDs.import))],
    [sectionIDs.function, vector(types.filter((_, i) => !here[i]).map(unsigned))],
    [sectionIDs.element, elements(theirs, tableSize)],
    [sectionIDs.code, vector(code.filter((_, i) => !here[i]).map((b) => rewritten(b, callBack)))],
    ...all.filter(([id]) => id === sectionIDs.custom),
  ];
  return { first: assembled(out), rest: assembled(rest) };
}

/** The only memory or table of a section, as an import declares it. */
const limits = (content) => content.subarray(1);

/** The types of the globals, all of them variables with a constant. */
function globals(content) {
  let [count, at] = readUnsigned(content, 0);
  const out = [];
  for (; count; count--) {
    out.push(content[at]);
    at = next(content, at + 2) + 1;
  }
  return out;
}

/** The export section with functions renumbered. */
function moved(content, index) {
  let [count, at] = readUnsigned(content, 0);
  const out = [];
  for (; count; count--) {
    const [length, name] = readUnsigned(content, at);
    const kind = content[name + length];
    const [old, end] = readUnsigned(content, name + length + 1);
    out.push(Buffer.concat([content.subarray(at, name + length + 1), unsigned(kind === 0 ? index(old) : old)]));
    at = end;
  }
  return vector(out);
}
