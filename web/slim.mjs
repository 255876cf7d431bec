// node slim.mjs WASM SLIM: leaves out of a Go program what it carries only to print line numbers. See RATIONALE.md.
//
// The runtime finds a function's tables by runtime.moduledata (src/runtime/symtab.go, src/cmd/link/internal/ld/pcln.go of
// Go 1.26). What the garbage collector and the unwinding of stacks read stays, and so do the names of functions: a trace
// tells them, with "?:0" for the line. Nothing moves but inside a table, so no address in the code changes. What counts up
// from one function to the next is not stored: a start function adds it up when the module is instantiated.
import { readFileSync, writeFileSync } from "node:fs";
import { appended, assembled, readData, readUnsigned, sectionIDs, sections, signed, unsigned, writeData } from "./module.mjs";

const magic = Buffer.from([0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]); // abi.Go120PCLnTabMagic, quantum 1, pointers of 8 bytes
const noFuncdata = 0xffffffff;

/** Sizes in bytes; offsets in a _func (runtime2.go). */
const funcSize = 44;
const func = { entryOff: 0, nameOff: 4, pcsp: 16, pcfile: 20, pcln: 24, npcdata: 28, cuOffset: 32, startLine: 36, nfuncdata: 43 };

/** Tables that only traces with lines and arguments, debuggers and asynchronous preemption read, by number (internal/abi). */
const unreadPCData = new Set([0, 3]); // UnsafePoint, ArgLiveIndex
const unreadFuncdata = new Set([5, 6]); // ArgInfo, ArgLiveInfo

/**
 * findfunctab has a bucket of 20 bytes for each 4096 PCs, and a function has 65536. Only the first of its buckets is looked
 * up, and of that only the number of the function, which stands first.
 */
const functionBuckets = 16 * 20;

/** Zeros that are worth a segment of their own, in bytes. */
const gap = 64;

/** The tables that moduledata names: [address, length] of slices, in bytes, else the address. */
function findTables(memory) {
  const word = (at) => Number(memory.readBigUInt64LE(at));
  for (let header = -1; (header = memory.indexOf(magic, header + 1)) >= 0; ) {
    const pointer = Buffer.alloc(8);
    pointer.writeBigUInt64LE(BigInt(header));
    for (let at = -1; (at = memory.indexOf(pointer, at + 1)) >= 0; ) {
      if (word(at + 8) !== header + word(header + 32)) continue;
      const slice = (i) => [word(at + i), word(at + i + 8)];
      return {
        functions: word(header + 8),
        names: slice(8), cutab: slice(32), filetab: slice(56), pctab: slice(80), pclntable: slice(104), ftab: slice(128),
        findfunctab: word(at + 152), minpc: word(at + 160), gofunc: word(at + 320),
      };
    }
  }
  throw new Error("no runtime.moduledata of Go 1.26 in the wasm");
}

/** The bytes of a table of pctab: pairs of varints up to a first one that is 0 and not the very first. */
function pcTable(memory, from) {
  let at = from;
  const skip = () => {
    while (memory[at++] & 0x80);
  };
  for (let first = true; first || memory[at] !== 0; first = false) {
    skip();
    skip();
  }
  return memory.subarray(from, at + 1);
}

function slimTables(memory) {
  const t = findTables(memory);
  const [table, length] = t.pclntable;
  const old = Buffer.from(memory.subarray(table, table + length));
  const oldPCs = Buffer.from(memory.subarray(t.pctab[0], t.pctab[0] + t.pctab[1]));
  const wipe = ([from, size]) => memory.fill(0, from, from + size);

  const pcs = [Buffer.from([0])];
  let pcsLength = 1;
  const moved = new Map([[0, 0]]);
  const keepPCs = (offset) => {
    if (!moved.has(offset)) {
      const bytes = pcTable(oldPCs, offset);
      moved.set(offset, pcsLength);
      pcs.push(bytes);
      pcsLength += bytes.length;
    }
    return moved.get(offset);
  };

  const starts = new Set(); // of the funcdata, and which of them are read
  const read = new Set();
  wipe(t.pclntable);
  const first = old.readUInt32LE(0);
  const firstFunc = Math.ceil((t.functions * 8 + 4) / 4) * 4;
  let end = firstFunc;
  const names = [];
  for (let i = 0; i < t.functions; i++) {
    if (old.readUInt32LE(i * 8) !== first + i) throw new Error("the functions are not counted through as in Go 1.26");
    const at = old.readUInt32LE(i * 8 + 4);
    const npcdata = old.readUInt32LE(at + func.npcdata);
    const nfuncdata = old[at + func.nfuncdata];
    const words = (from, n) => Array.from({ length: n }, (_, k) => old.readUInt32LE(at + from + k * 4));
    const pcdata = words(funcSize, npcdata).map((offset, k) => (unreadPCData.has(k) ? 0 : offset));
    const funcdata = words(funcSize + npcdata * 4, nfuncdata).map((offset, k) => {
      if (offset !== noFuncdata) starts.add(offset);
      if (unreadFuncdata.has(k)) return noFuncdata;
      read.add(offset);
      return offset;
    });
    while (pcdata.at(-1) === 0) pcdata.pop();
    while (funcdata.at(-1) === noFuncdata) funcdata.pop();

    const f = Buffer.alloc(funcSize + (pcdata.length + funcdata.length) * 4);
    old.copy(f, 0, at, at + funcSize);
    f.writeUInt32LE(keepPCs(old.readUInt32LE(at + func.pcsp)), func.pcsp);
    for (const unread of [func.entryOff, func.pcfile, func.pcln, func.cuOffset, func.startLine]) f.writeUInt32LE(0, unread);
    names.push(old.readInt32LE(at + func.nameOff));
    f.writeInt32LE(names[i] - (names[i - 1] ?? 0), func.nameOff);
    f.writeUInt32LE(pcdata.length, func.npcdata);
    f[func.nfuncdata] = funcdata.length;
    [...pcdata.map(keepPCs), ...funcdata].forEach((w, k) => f.writeUInt32LE(w, funcSize + k * 4));
    f.copy(memory, table + end);
    end += f.length;
  }

  wipe(t.pctab);
  Buffer.concat(pcs).copy(memory, t.pctab[0]);
  wipe([t.cutab[0], t.cutab[1] * 4]);
  wipe(t.filetab);

  const sorted = [...starts].sort((a, b) => a - b);
  sorted.forEach((offset, i) => {
    if (!read.has(offset) && i + 1 < sorted.length) memory.fill(0, t.gofunc + offset, t.gofunc + sorted[i + 1]);
  });

  for (let i = 0; i < t.functions; i++) {
    if (memory.readUInt32LE(t.findfunctab + i * functionBuckets) !== i) throw new Error("findfunctab is not laid out as in Go 1.26");
  }
  memory.fill(0, t.findfunctab, t.findfunctab + (t.functions - 1) * functionBuckets + 4); // the last bucket may be cut short
  return {
    body: counting({ functions: t.functions, first, table, firstFunc: table + firstFunc, findfunctab: t.findfunctab }),
    names: names.map((offset) => memory.toString("latin1", t.names[0] + offset, memory.indexOf(0, t.names[0] + offset))),
    unused: t.pctab[0] + pcsLength,
  };
}

/** The body of a function that fills in what counts up: ftab, findfunctab, and each function's entryOff and nameOff. */
function counting({ functions, first, table, firstFunc, findfunctab }) {
  const [i, f, name] = [0, 1, 2]; // locals
  const get = (local) => [0x20, local];
  const set = (local) => [0x21, local];
  const tee = (local) => [0x22, local];
  const constant = (n) => [0x41, ...signed(n)];
  const load = (offset) => [0x28, 2, ...unsigned(offset)];
  const load8 = (offset) => [0x2d, 0, ...unsigned(offset)];
  const store = (offset) => [0x36, 2, ...unsigned(offset)];
  const [add, sub, mul, shl, lessThan] = [0x6a, 0x6b, 0x6c, 0x74, 0x49];
  const [loop, nothing, branchIf, end] = [0x03, 0x40, 0x0d, 0x0b];
  const eightTimes = [...constant(3), shl];
  const index = [...get(i), ...constant(first), add];
  const code = [
    1, 3, 0x7f, // three locals, i32
    ...constant(firstFunc), ...set(f),
    loop, nothing,
    ...get(i), ...constant(functionBuckets), mul, ...get(i), ...store(findfunctab),
    ...get(i), ...eightTimes, ...index, ...store(table),
    ...get(i), ...eightTimes, ...get(f), ...constant(table), sub, ...store(table + 4),
    ...get(f), ...index, ...store(func.entryOff),
    ...get(f), ...get(name), ...get(f), ...load(func.nameOff), add, ...tee(name), ...store(func.nameOff),
    ...get(f), ...get(f), ...load(func.npcdata), ...get(f), ...load8(func.nfuncdata), add, ...constant(2), shl, add, ...constant(funcSize), add, ...set(f),
    ...get(i), ...constant(1), add, ...tee(i), ...constant(functions), lessThan, branchIf, 0,
    end,
    ...get(i), ...eightTimes, ...index, ...store(table),
    end,
  ];
  return Buffer.concat([unsigned(code.length), Buffer.from(code)]);
}

/**
 * The module without what is only read for line numbers; the names of its functions, and the address of as many bytes of
 * memory, and some, that the program does not touch.
 */
export function slim(wasm) {
  const all = sections(wasm);
  const section = (id) => all.find((s) => s[0] === id);
  const data = section(sectionIDs.data);
  const memory = readData(data[1]);
  const { body, names, unused } = slimTables(memory);
  data[1] = writeData(memory, gap);

  const count = (id) => readUnsigned(section(id)[1], 0)[0];
  const start = unsigned(count(sectionIDs.import) + count(sectionIDs.function)); // Go imports functions only
  const type = unsigned(count(sectionIDs.type));
  for (const [id, item] of [[sectionIDs.type, Buffer.from([0x60, 0, 0])], [sectionIDs.function, type], [sectionIDs.code, body]]) {
    section(id)[1] = appended(section(id)[1], item);
  }
  all.splice(all.indexOf(section(sectionIDs.element)), 0, [sectionIDs.start, start]);
  return { bytes: assembled(all), names, unused };
}

if (process.argv[1] === import.meta.filename) writeFileSync(process.argv[3], slim(readFileSync(process.argv[2])).bytes);
