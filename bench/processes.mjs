// Reads what /proc knows of other processes: who is marked, what they hold and what they have used.
// Linux only.
import { readdirSync, readFileSync } from "node:fs";

const tickMs = 10;
const kibInMiB = 1024;

/** Empty when there is no such process any more. */
export function read(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}

/** What is alive and has the mark in its environment or its command line. */
export function findMarked(mark) {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const environment = read(pid, "environ");
    if (!environment.includes(mark) && !read(pid, "cmdline").includes(mark)) return [];
    const stat = readStat(pid);
    return stat === undefined || stat.isZombie ? [] : [{ pid, environment, ...stat }];
  });
}

/** `childrenCpuMs` is what those that have ended and were waited for had used. */
export function readStat(pid) {
  const text = read(pid, "stat");
  if (text === "") return undefined;
  const nameEnd = text.lastIndexOf(")");
  const fields = text.slice(nameEnd + 2).split(" ");
  const sum = (first) => (Number(fields[first]) + Number(fields[first + 1])) * tickMs;
  return {
    name: text.slice(text.indexOf("(") + 1, nameEnd),
    isZombie: fields[0] === "Z" || fields[0] === "X",
    parent: Number(fields[1]),
    cpuMs: sum(11),
    childrenCpuMs: sum(13),
  };
}

export function cpuMs(pids) {
  return total(pids, (pid) => readStat(pid)?.cpuMs ?? 0);
}

export function childrenCpuMs(pids) {
  return total(pids, (pid) => readStat(pid)?.childrenCpuMs ?? 0);
}

/** Of the threads alive: a wake-up is a thread that has waited and come back. */
export function activity(pids) {
  const threads = pids.flatMap((pid) => threadsOf(pid).map((thread) => `${pid}/task/${thread}`));
  return {
    onCpuMs: total(
      threads,
      (thread) => Number.parseInt(read(thread, "schedstat") || "0", 10) / 1e6,
    ),
    wakeUps: total(threads, (thread) =>
      numberIn(read(thread, "status"), "voluntary_ctxt_switches"),
    ),
  };
}

export function residentMiB(pids) {
  return total(pids, (pid) => numberIn(read(pid, "status"), "VmRSS")) / kibInMiB;
}

/** The most that each has held since it was started. */
export function peakMiB(pids) {
  return total(pids, (pid) => numberIn(read(pid, "status"), "VmHWM")) / kibInMiB;
}

/** What several share is divided among them. */
export function proportionalMiB(pids) {
  return total(pids, (pid) => numberIn(read(pid, "smaps_rollup"), "Pss")) / kibInMiB;
}

/** Wherever it went. */
export function writtenBytes(pids) {
  return total(pids, (pid) => numberIn(read(pid, "io"), "wchar"));
}

function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function numberIn(text, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

function total(list, measure) {
  return list.reduce((sum, one) => sum + measure(one), 0);
}
