/** Bytes that are nearly right: what a corpus holds, changed in a few ways that a seed decides. */

/** In [0, limit), whole. */
export type Draw = (limit: number) => number;

/** Mulberry32: the same numbers for the same seed, everywhere. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

type Mutator = (bytes: Buffer, draw: Draw, other: Buffer) => Buffer;

const maxBytes = 6 * 1024 * 1024;

/** `huge` allows what takes megabytes, which is slow and so must be rare. */
export function mutate(corpus: readonly Buffer[], draw: Draw, huge: boolean): Buffer {
  let bytes = pick(corpus, draw);
  for (let times = 1 + draw(4); times > 0; times -= 1) {
    bytes = pick(mutators, draw)(bytes, draw, pick(corpus, draw));
  }
  return (huge ? pick(enlarge, draw)(bytes, draw, bytes) : bytes).subarray(0, maxBytes);
}

const tokens = [
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what .env files may hold
  ..."\0 \ufeff \r\n \r \n \t ' \" ` \\ $ ${ ${A} ${A:-${B}} } # : = & * | > - [ { ] , % %00 ? /".split(
    " ",
  ),
  ..."export web worker: __proto__ constructor all -1 +1 1e9 999999999 65535 0 null true".split(
    " ",
  ),
  ..."<<<<<<< \u2028 \u202e \u200b \ud83d\ude00 \uff1a é \x1b[2J \x07 .. ../../etc/passwd".split(
    " ",
  ),
  ...'\\u0000 {} [] "" Content-Length: Transfer-Encoding:chunked Expect:100-continue'.split(" "),
];

const mutators: readonly Mutator[] = [
  (bytes, draw) => changed(bytes, draw, (at) => at ^ (1 << draw(8))),
  (bytes, draw) => changed(bytes, draw, () => draw(256)),
  (bytes, draw) => bytes.subarray(0, draw(bytes.length + 1)),
  (bytes, draw) => bytes.subarray(draw(bytes.length + 1)),
  (bytes, draw) => inserted(bytes, draw, Buffer.from(pick(tokens, draw))),
  (bytes, draw) => inserted(bytes, draw, Buffer.from(pick(tokens, draw))),
  (bytes, draw) => inserted(bytes, draw, Buffer.from(pick(tokens, draw).repeat(draw(200)))),
  (bytes, draw) => inserted(bytes, draw, Buffer.from([0xc3, 0x28, 0xff].slice(draw(3)))),
  (bytes, draw) => inserted(bytes, draw, Buffer.from(randomText(draw))),
  (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
  (bytes) => Buffer.from(bytes.toString("utf8").replaceAll("\n", "\r\n")),
  (bytes) => Buffer.from(bytes.toString("utf8"), "utf16le"),
  (bytes, draw) => onLines(bytes, (lines) => lines.splice(draw(lines.length), draw(3))),
  (bytes, draw) =>
    onLines(bytes, (lines) => lines.splice(draw(lines.length), 0, pick(lines, draw))),
  (bytes, draw) => onLines(bytes, (lines) => lines.sort(() => draw(3) - 1)),
  (bytes, draw, other) =>
    Buffer.concat([bytes.subarray(0, draw(bytes.length + 1)), other.subarray(draw(other.length))]),
];

const enlarge: readonly Mutator[] = [
  (bytes, draw) => repeated(bytes, 100_000 + draw(maxBytes)),
  (_, draw) => repeated(Buffer.from(pick(tokens, draw)), 100_000 + draw(maxBytes)),
  (_, draw) => repeated(Buffer.from(`${pick(tokens, draw)}\n`), 100_000 + draw(maxBytes)),
  (bytes, draw) => inserted(bytes, draw, Buffer.alloc(100_000 + draw(maxBytes), 0x61)),
  (_, draw) => numbered((number) => `name${number}: x${pick(tokens, draw)}\n`, draw(100_000)),
  (_, draw) =>
    numbered((number) => `A${number}=\${A${number - 1}}\${A${number - 1}}\n`, draw(9_000)),
  (_, draw) => numbered((number) => `A=\${A}\${A}${number}\n`, draw(9_000)),
];

export function pick<T>(from: readonly T[], draw: Draw): T {
  const found = from[draw(from.length)];
  if (found === undefined) throw new Error("there is nothing to pick from");
  return found;
}

function changed(bytes: Buffer, draw: Draw, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = draw(copy.length);
  if (copy.length > 0) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function inserted(bytes: Buffer, draw: Draw, more: Buffer): Buffer {
  const at = draw(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}

function onLines(bytes: Buffer, change: (lines: string[]) => unknown): Buffer {
  const lines = bytes.toString("latin1").split("\n");
  change(lines);
  return Buffer.from(lines.join("\n"), "latin1");
}

function randomText(draw: Draw): string {
  return Array.from({ length: 1 + draw(20) }, () =>
    String.fromCodePoint(draw(draw(2) === 0 ? 0x2_00 : 0x11_0000)),
  ).join("");
}

function repeated(bytes: Buffer, length: number): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(Math.min(length, maxBytes), bytes);
}

function numbered(lineOf: (number: number) => string, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, number) => lineOf(number)).join(""));
}
