// The document that says what came out: targets, machine, who took part, and a part for each suite.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { arch, availableParallelism, cpus, release, tmpdir, totalmem } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import process from "node:process";
import { env } from "./environment.mjs";
import { select } from "./samples.mjs";
import { table, title } from "./table.mjs";
import { tableOfTargets } from "./targets.mjs";
import { processesOf } from "./workload.mjs";

/** `loads` are the machine's load averages before and after, and `suites` those that were run. */
export function describeResults({ samples, suites, contestants, missing, rounds, loads }) {
  const good = samples.filter((one) => one.error === undefined);
  return [
    "# procman beside its peers",
    "",
    "Written by `npm run bench`: the same work for all, in interleaved rounds. Everything is a median, and a",
    "ratio is the median of the ratios within each round. What is *slanted* is a bound and no process manager.",
    "",
    "## Targets",
    "",
    tableOfTargets(good, contestants, missing),
    describeMachine(loads),
    "",
    "## Who takes part",
    "",
    table(["", "version", "language", "command"], contestants.map(describeContestant), {
      text: true,
    }),
    ...(missing.length > 0 ? [`Not found on this machine: ${missing.join(", ")}.`, ""] : []),
    ...suites.flatMap((suite) => describeSuite(suite, good, rounds)),
    ...describeFailures(samples),
  ].join("\n");
}

function describeMachine(loads) {
  const memory = Math.round(totalmem() / 2 ** 30);
  const kernel = `${readKernelName()} ${release()}, ${arch()}`;
  const [before, after] = loads.map((load) => load.toFixed(1));
  const day = new Date().toISOString().slice(0, 10);
  return [
    `Measured on ${day}: Node ${process.versions.node}, ${kernel}, ${availableParallelism()} cores`,
    `(${cpus()[0]?.model.trim() ?? "unknown"}), ${memory} GiB of memory. Load of the machine before ${before},`,
    `after ${after}.`,
  ].join("\n");
}

function readKernelName() {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
}

function describeContestant(contestant) {
  const { name, isBound, language = "" } = contestant;
  const version = isBound ? "" : readVersion(contestant);
  return [title({ name, isBound }), version, language, `\`${commandOf(contestant)}\``];
}

function readVersion({ version: [command, ...args] }) {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env, cwd: tmpdir() });
  const line = `${stdout}${stderr}`.trim().split("\n").at(-1) ?? "";
  return /\d+\.\d+\S*/.exec(line)?.[0] ?? line;
}

/** With one process, and without the folders where things happen to be. */
function commandOf(contestant) {
  const folder = mkdtempSync(join(tmpdir(), "procman-bench-"));
  const run = { folder, processes: processesOf("quiet", 1), restart: false };
  const { argv } = contestant.prepare(run);
  const shown = argv[1] === "run.sh" ? readFileSync(join(folder, "run.sh"), "utf8") : words(argv);
  rmSync(folder, { recursive: true });
  return shown.split("\n")[0];
}

function words(argv) {
  return argv
    .flatMap((word) => word.split(" "))
    .map((word) => (isAbsolute(word) && word !== "/dev/null" ? basename(word) : word))
    .join(" ");
}

function describeSuite(suite, samples, rounds) {
  const own = select(samples, { suite: suite.name });
  if (own.length === 0) return [];
  const count = rounds ?? suite.rounds;
  const times = count === 1 ? "1 round" : `${count} rounds`;
  return [`## ${suite.title}`, "", `${suite.about} ${times}.`, "", suite.tables(own)];
}

function describeFailures(samples) {
  const failed = samples.filter((one) => one.error !== undefined);
  if (failed.length === 0) return [];
  const lines = failed.map((one) => `- ${one.suite} (${one.label}), ${one.name}: ${one.error}`);
  return ["## What could not be measured", "", ...new Set(lines), ""];
}
