// What every contestant runs: one shell script, told what to do by its first argument. It tells the
// benchmark what happens through the FIFO `events`, and producers wait for the FIFO `go`. Before that
// it uses only what the shell has built in, and costs a millisecond.

export const script = `#!/bin/sh
kind=$1; id=$2
tell() { echo "$1 $id" >events; }
case $kind in
quiet)    tell running; exec sleep 600 ;;
# Written by block, and by line.
blocks)   tell running; : <go; cat "lines.$id"; tell written; exec sleep 600 ;;
lines)    tell running; : <go; grep --line-buffered '' "lines.$id"; tell written; exec sleep 600 ;;
# Its first life takes two seconds and fails, the next one stays.
crash)    tell running; [ ! -e crashed ] || exec sleep 600
          : >crashed; sleep 2; tell crashing; exit 1 ;;
fail)     tell running; exit 1 ;;
stubborn) trap '' TERM INT HUP; tell running; exec sleep 600 ;;
family)   sleep 600 & tell running; sleep 600 ;;
escaped)  (setsid sleep 600 &); tell running; exec sleep 600 ;;
flood)    tell running; : <go; while :; do cat "lines.$id"; done ;;
giant)    tell running; : <go; head -c 1000000000 /dev/zero | tr '\\0' x; echo; tell written; exec sleep 600 ;;
bytes)    tell running; : <go; dd bs=1 count=2000000 if="lines.$id" 2>/dev/null; tell written; exec sleep 600 ;;
ticks)    tell running; exec ./node ticks.cjs ;;
esac
`;

export const tickMs = 20;

/** Says again and again what time it is. All processes of a machine share this clock. */
export const ticksScript = `setInterval(() => {
  process.stdout.write("tick " + process.hrtime.bigint() + "\\n");
}, ${tickMs});
`;

/** Processes of one kind, named p1, p2 and so on. */
export function processesOf(kind, count) {
  return Array.from({ length: count }, (_, index) => processOf(kind, index + 1));
}

export function processOf(kind, id) {
  return { name: `p${id}`, kind, id, command: `BENCH_ROLE=work ./w ${kind} ${id}` };
}

/** With its end, that is 80 bytes. */
export const lineBytes = 80;
const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~+=";

/** `@`, two digits for the writer, `:`, eight for the number of the line, and what is in all lines. */
export const numberAt = 4;
export const numberEnd = 12;
export const sameInAll = ` ${alphabet}`.slice(0, lineBytes - 1 - numberEnd);

/** The first lines of a writer, numbered from 0. */
export function makeLines(writer, count) {
  const lines = Buffer.alloc(count * lineBytes);
  const first = Buffer.from(`@${String(writer).padStart(2, "0")}:00000000${sameInAll}\n`);
  for (let number = 0; number < count; number += 1) {
    const at = number * lineBytes;
    first.copy(lines, at);
    writeDigits(lines, at + numberEnd, number);
  }
  return lines;
}

function writeDigits(bytes, end, number) {
  for (let rest = number, at = end - 1; rest > 0; at -= 1) {
    bytes[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
