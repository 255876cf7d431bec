// Reading and writing WebAssembly modules, as far as freeze.mjs and slim.mjs need it.

/** LEB128 of a whole number from 0 on. */
export function unsigned(n) {
  const out = [];
  do {
    out.push((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    n >>>= 7;
  } while (n);
  return Buffer.from(out);
}

/** LEB128 of an i32. */
export function signed(n) {
  const out = [];
  for (;;) {
    const low = n & 0x7f;
    n >>= 7;
    if (n === (low & 0x40 ? -1 : 0)) return Buffer.from([...out, low]);
    out.push(low | 0x80);
  }
}

/** [value, where the next one starts]. */
export function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const b = bytes[at++];
    value += (b & 0x7f) * 2 ** shift;
    if (b < 0x80) return [value, at];
  }
}

function readSigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; ) {
    const b = bytes[at++];
    value |= (b & 0x7f) << shift;
    shift += 7;
    if (b < 0x80) return [shift < 32 && b & 0x40 ? value | (-1 << shift) : value, at];
  }
}

export const named = (name) => Buffer.concat([unsigned(Buffer.byteLength(name)), Buffer.from(name)]);

export const sectionIDs = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9, code: 10, data: 11 };

/** The sections of a module: [id, content]. */
export function sections(wasm) {
  const out = [];
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    const [length, from] = readUnsigned(wasm, at + 1);
    out.push([id, wasm.subarray(from, from + length)]);
    at = from + length;
  }
  return out;
}

/** A module of these sections. */
export function assembled(all) {
  const out = [Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])];
  for (const [id, content] of all) out.push(Buffer.from([id]), unsigned(content.length), content);
  return Buffer.concat(out);
}

/** A section that is a vector, with one more item at its end. */
export function appended(content, item) {
  const [count, from] = readUnsigned(content, 0);
  return Buffer.concat([unsigned(count + 1), content.subarray(from), item]);
}

/** What the data section puts into memory, from address 0 to its end. */
export function readData(content) {
  let [count, at] = readUnsigned(content, 0);
  const segments = [];
  for (; count; count--) {
    let address, length;
    if (content[at] !== 0 || content[at + 1] !== 0x41) throw new Error("a data segment that is not put at a constant address of memory 0");
    [address, at] = readSigned(content, at + 2);
    [length, at] = readUnsigned(content, at + 1);
    segments.push([address, content.subarray(at, at + length)]);
    at += length;
  }
  const memory = Buffer.alloc(Math.max(...segments.map(([address, bytes]) => address + bytes.length)));
  for (const [address, bytes] of segments) bytes.copy(memory, address);
  return memory;
}

/** A data section that makes this memory; zeros are left out where `gap` of them or more stand together. */
export function writeData(memory, gap) {
  const out = [];
  let count = 0;
  for (let at = 0; at < memory.length; ) {
    if (memory[at] === 0) {
      at++;
      continue;
    }
    let end = at + 1;
    for (let zeros = 0, i = end; i < memory.length && zeros < gap; i++) {
      if (memory[i] === 0) zeros++;
      else [zeros, end] = [0, i + 1];
    }
    out.push(Buffer.from([0, 0x41]), signed(at), Buffer.from([0x0b]), unsigned(end - at), memory.subarray(at, end));
    at = end;
    count++;
  }
  return Buffer.concat([unsigned(count), ...out]);
}
