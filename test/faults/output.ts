/** Output as it should not be. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { peakMemory, writtenBytes } from "../support/survivors.ts";
import { watchAnswers } from "./answers.ts";
import { checkCounted, countingApp, tallyOf } from "./counting.ts";
import type { Fault } from "./fault.ts";
import { findProgram, needsProgram } from "./needs.ts";
import { mebibyte } from "./probe.ts";
import { rowsOf } from "./rows.ts";
import { until } from "./until.ts";

/** What procman may take in all. */
const mostBytes = 150 * mebibyte;

export const oddOutput: Fault = {
  name: "bytes that are no text, terminal codes, single bytes, a line of 100 MB",
  must: "all arrives as it was, procman needs less than 150 MiB, answers in time",
  isAlone: true,
  cannot: needsProgram("perl"),
  async run(stage) {
    const bigMegabytes = 100;
    const lines = [
      "\\xff\\xfe\\x00 no text",
      "\\x1b]52;c;aGk=\\x07\\x1b[2J\\x1b[31mred",
      "\\r50%\\r100%",
    ];
    const print = lines.map((line) => `print qq(${line}\\n);`).join(" ");
    const single = "syswrite(STDOUT, $_) for split //, qq(one by one\\n);";
    const script = join(stage.folder, "odd.pl");
    const go = join(stage.folder, "go");
    const big = `print "x" x 1048576 for 1..${bigMegabytes}; print "\\n"; print "after\\n";`;
    writeFileSync(
      script,
      `$| = 1; ${print} ${single} until (-e q(${go})) { select(undef, undef, undef, 0.05) } ${big} sleep 1000;\n`,
    );
    const place = await stage.app({ Procfile: `worker: perl ${script}\n` });
    let bytes = 0;
    let tail = "";
    const onOutput = (chunk: Buffer) => {
      bytes += chunk.length;
      tail = `${tail}${chunk.toString("latin1")}`.slice(-(2 ** 18));
    };
    const talk = place.start(["--no-prefix"], { onOutput });
    await place.up();
    const watch = await watchAnswers(stage, place);
    await until("small output", 5_000, () => (tail.includes("one by one") ? true : undefined));
    const beforeBytes = peakMemory(talk.pid);
    writeFileSync(go, "");
    await until("the end of the long line", 60_000, () =>
      tail.includes("\nafter\n") ? true : undefined,
    );
    const answered = await watch.end();
    const peakBytes = peakMemory(talk.pid);
    const moreBytes = peakBytes - beforeBytes;
    talk.child.kill("SIGTERM");
    await talk.ended;
    if (bytes < bigMegabytes * mebibyte) throw new Error(`only ${bytes} bytes came`);
    if (peakBytes > mostBytes)
      throw new Error(`procman took ${Math.round(peakBytes / mebibyte)} MiB`);
    return `${Math.round(bytes / mebibyte)} MiB, at most ${Math.round(peakBytes / mebibyte)} MiB memory (${Math.round(moreBytes / mebibyte)} more); ${answered}`;
  },
};

export const flood: Fault = {
  name: "a million lines as fast as they are taken",
  must: "all are there, in order, and procman answers in time",
  isAlone: true,
  async run(stage) {
    const total = 1_000_000;
    const { place, folder } = await countingApp(stage, [0, total, 0]);
    const shown = tallyOf("");
    const talk = place.start(["--log-format", "heroku"], { onOutput: rowsOf(shown.take) });
    const watch = await watchAnswers(stage, place);
    const startMs = performance.now();
    await until("the last line", 90_000, () => [...shown.last.values()][0] === total || undefined);
    const tookS = (performance.now() - startMs) / 1_000;
    const answered = await watch.end();
    talk.child.kill("SIGTERM");
    await talk.ended;
    checkCounted(shown, folder);
    if (shown.missing() > 0) throw new Error(`${shown.missing()} lines were dropped`);
    return `${total} lines in ${tookS.toFixed(1)} s, none lost; ${answered}`;
  },
};

const printed = 20_000;

export const printAndExit: Fault = {
  name: "Node child that prints 20,000 lines and exits",
  must: "all are stored",
  cannot: needsProgram("perl"),
  async run(stage) {
    const script = join(stage.folder, "print.js");
    writeFileSync(
      script,
      `for (let n = 1; n <= ${printed}; n += 1) console.log("#run " + n + " ;");\nprocess.exit(0);\n`,
    );
    const place = await stage.app({ Procfile: `worker: ${process.execPath} ${script}\n` });
    const { code } = await place.start().ended;
    const count = tallyOf(place.log()).last.get("run");
    if (code !== 0 || count !== printed) throw new Error(`the last line stored is ${count}`);
    return `${count} lines`;
  },
};

const unflushed = 1_000;
const expected = Array.from({ length: unflushed }, (_, n) => `#run ${n + 1} ;\n`).join("");
const source = `#include <stdio.h>
#include <unistd.h>
int main(void) { for (int n = 1; n <= ${unflushed}; n++) printf("#run %d ;\\n", n); pause(); }
`;

export const unflushedOutput: Fault = {
  name: "process killed with output still inside it",
  must: "all that had reached the kernel is stored, whole lines and the part of one",
  cannot: () => (findProgram("cc") || findProgram("perl") ? undefined : "neither cc nor perl"),
  async run(stage) {
    const program = join(stage.folder, "unflushed");
    const file = join(stage.folder, "unflushed.c");
    writeFileSync(file, source);
    const isC = findProgram("cc") && spawnSync("cc", ["-o", program, file]).status === 0;
    const perl = `perl -e 'print "#run $_ ;\\n" for 1..${unflushed}; sleep 1000'`;
    const place = await stage.app({ Procfile: `worker: ${isC ? program : perl}\n` });
    const talk = place.start(["--no-restart"], { mayEndWith: 137 });
    const [, pid] = await talk.line(/with pid (\d+)/);
    await talk.line(/#run \d+/);
    const reached = writtenBytes(Number(pid));
    process.kill(Number(pid), "SIGKILL");
    await talk.ended;
    const stored = place
      .log()
      .split("\n")
      .flatMap((row) => /app\[worker\.1\]([:+]) (.*)$/.exec(row)?.slice(1).join("") ?? [])
      .join("\n")
      .replaceAll("\n+", "")
      .replaceAll(/^:/gm, "");
    // Not the newline, should one be the last.
    if (stored.length < reached - 1) {
      throw new Error(`${reached} bytes reached the kernel, ${stored.length} are stored`);
    }
    if (!expected.startsWith(stored)) throw new Error("what is stored is not what was printed");
    const lines = stored.split("\n").length;
    return `${lines} of ${unflushed} lines had left the ${isC ? "C" : "Perl"} program; all ${stored.length} bytes stored`;
  },
};

export const halfLines: Fault = {
  name: "lines cut off by the death of who prints them",
  must: "what was printed is there, and the next run begins a line of its own",
  async run(stage) {
    const place = await stage.app({ Procfile: "worker: printf half; exit 1\n" });
    const talk = place.start();
    await talk.line(/half[\s\S]*half/);
    talk.child.kill("SIGTERM");
    await talk.ended;
    const texts = place.log().match(/app\[worker\.1\]: .*/g) ?? [];
    if (texts.some((text) => !text.endsWith(": half"))) throw new Error(texts.join("\n"));
    return `${texts.length} halves`;
  },
};
