// What procman has set itself, mostly as ratios to others in the same rounds, and what came out.
import { inRounds, medianOf, namesIn, ratioOf, select, valuesOf } from "./samples.mjs";
import { number, table } from "./table.mjs";

const slowLanguages = ["Node", "Ruby", "Python"];
const slowerAtStart = [
  ...["foreman", "node-foreman", "honcho", "overmind", "process-compose"],
  ...["concurrently", "pm2", "supervisord", "mprocs"],
];
const mostMiB = 110;
const mostLateMs = 50;
const flatShare = 0.1;
const faults = ["lost", "damaged", "doubled", "reordered"];
const quick = "procman --no-log";

/** A target is what, how much, and how it is judged: the measured in words and whether that will do. */
const targets = [
  [
    "prefixed lines a second, 4 writers, its log off",
    "≥ 4 × the fastest peer that damages none",
    ({ samples }) => toFileAndPipe((sink) => besideFastest(samples, sink, quick, 4)),
  ],
  [
    "the same, its log on",
    "≥ 3 ×",
    ({ samples }) => toFileAndPipe((sink) => besideFastest(samples, sink, "procman", 3)),
  ],
  [
    "the same, its log off",
    "≥ 0.35 × `sed` with a prefix",
    ({ samples }) => toFileAndPipe((sink) => besideSed(samples, sink, 0.35)),
  ],
  ["lines lost, damaged, doubled or reordered", "0", ({ samples }) => damage(samples)],
  [
    "processor time for a million lines, 4 writers, its log off",
    "the lowest of all that prefix",
    ({ samples }) => toFileAndPipe((sink) => cheapest(samples, sink)),
  ],
  ["memory under a flood, its log on", `flat; ≤ ${mostMiB} MiB`, ({ samples }) => flood(samples)],
  ["`--version`", "≤ 1.25 × `node -e 0`", ({ samples }) => command(samples, "version", 1.25)],
  ["`ps`", "≤ 1.4 × `node -e 0`", ({ samples }) => command(samples, "ps", 1.4)],
  ["`scale`, which prints", "≤ 1.4 × `node -e 0`", ({ samples }) => command(samples, "scale", 1.4)],
  [
    "`scale p1=1`, without change",
    "≤ 1.4 × `node -e 0`",
    ({ samples }) => command(samples, "scale p1=1", 1.4),
  ],
  [
    "`--version`, `ps`",
    `ahead of every peer in ${slowLanguages.join(", ")}`,
    ({ samples, languages }) => aheadOfSlow(samples, languages),
  ],
  [
    "first process runs",
    "≤ 1.4 × a bare Node script that spawns one",
    ({ samples }) =>
      atMost(ratioTo(samples, "spawn loop in Node", { suite: "start", count: 1 }, "firstMs"), 1.4),
  ],
  ["100 processes run", `ahead of ${slowerAtStart.join(", ")}`, aheadAtStart],
  [
    "100 processes run",
    "≤ 1.3 × hivemind",
    ({ samples }) =>
      atMost(ratioTo(samples, "hivemind", { suite: "start", count: 100 }, "allMs"), 1.3),
  ],
  ["stop of 100 processes", "≤ 60 ms more than they need", ({ samples }) => stopping(samples)],
  [
    "memory with 10 processes, guardian included",
    "≤ 1.35 × a bare Node that waits",
    ({ samples }) =>
      atMost(
        ratioTo(samples, "node that waits", { suite: "memory", count: 10 }, "residentMiB"),
        1.35,
      ),
  ],
  ["20 processes that fail at once", "< 3 % of a core", ({ samples }) => crashLoop(samples)],
  ["a process that prints 1 GB as one line", oddTarget(), ({ samples }) => odd(samples, "giant")],
  ["a process that writes single bytes", oddTarget(), ({ samples }) => odd(samples, "bytes")],
];

/** `missing` are the names of the peers that were not there. */
export function tableOfTargets(samples, contestants, missing) {
  const languages = new Map(contestants.map(({ name, language }) => [name, language]));
  const rows = targets.map(([what, target, judge]) => {
    const verdict = judge({ samples, languages, missing });
    return [what, target, verdict?.text ?? "not measured", verdict ? yesOrNo(verdict) : "–"];
  });
  return table(["what", "target", "measured", "met"], rows, { text: true });
}

function yesOrNo({ isMet }) {
  return isMet ? "yes" : "**no**";
}

function oddTarget() {
  return `≤ ${mostMiB} MiB; lines of others ≤ ${mostLateMs} ms late`;
}

function atMost(ratio, target) {
  return ratio && { text: `${number(ratio, 2)} ×`, isMet: ratio <= target };
}

function ratioTo(samples, other, where, figure) {
  const of = (name) => select(samples, { ...where, name });
  return ratioOf(of("procman"), of(other), figure);
}

/** Met when it is for both. */
function toFileAndPipe(judge) {
  const verdicts = ["file", "pipe"].map((sink) => ({ sink, verdict: judge(sink) }));
  if (verdicts.some(({ verdict }) => verdict === undefined)) return undefined;
  return {
    text: verdicts.map(({ sink, verdict }) => `${sink}: ${verdict.text}`).join("; "),
    isMet: verdicts.every(({ verdict }) => verdict.isMet),
  };
}

function blocks(samples, sink, where = {}) {
  return select(samples, { suite: "throughput", kind: "blocks", writers: 4, sink, ...where });
}

/** The names of peers that prefix, and of which `isFit` holds. */
function peersIn(samples, isFit = () => true) {
  const isPeer = ({ name, isBound }) => !isBound && !name.startsWith("procman");
  const peers = samples.filter((one) => one.prefixes && isPeer(one));
  return namesIn(peers).filter(isFit);
}

function besideFastest(samples, sink, ours, target) {
  const all = blocks(samples, sink);
  const isClean = (name) => faultsOf(select(samples, { suite: "throughput", name })) === 0;
  const [fastest] = peersIn(all, isClean).toSorted(
    (a, b) =>
      medianOf(select(all, { name: b }), "rate") - medianOf(select(all, { name: a }), "rate"),
  );
  if (fastest === undefined) return undefined;
  const ratio = ratioOf(select(all, { name: ours }), select(all, { name: fastest }), "rate");
  return ratio && { text: `${number(ratio, 1)} × ${fastest}`, isMet: ratio >= target };
}

function besideSed(samples, sink, target) {
  const of = (name) => blocks(samples, sink, { name });
  const ratio = ratioOf(of(quick), of("sed with a prefix"), "rate");
  const withLog = ratioOf(of("procman"), of("sed with a prefix"), "rate");
  return (
    ratio && { text: `${number(ratio, 2)} × (on: ${number(withLog, 2)})`, isMet: ratio >= target }
  );
}

function damage(samples) {
  const own = samples.filter((one) => one.name.startsWith("procman") && one.lost !== undefined);
  if (own.length === 0) return undefined;
  const million = own.reduce((sum, one) => sum + one.lines, 0) / 1e6;
  const count = faultsOf(own);
  return { text: `${count} of ${number(million, 0)} million`, isMet: count === 0 };
}

function faultsOf(samples) {
  const counts = samples.flatMap((one) => faults.map((fault) => one[fault] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

function cheapest(samples, sink) {
  const all = blocks(samples, sink);
  const costOf = (name) => medianOf(select(all, { name }), "cpuSeconds");
  const [best] = peersIn(all).toSorted((a, b) => costOf(a) - costOf(b));
  const [own, withLog] = [costOf(quick), costOf("procman")];
  if (own === undefined || best === undefined) return undefined;
  return {
    text: `${number(own, 2)} s (on: ${number(withLog, 2)}); ${best} ${number(costOf(best), 2)}`,
    isMet: own <= costOf(best),
  };
}

function flood(samples) {
  const own = select(samples, { suite: "awkward", kind: "flood", name: "procman" });
  const [peak, growth] = [medianOf(own, "peakMiB"), medianOf(own, "growthMiB")];
  if (peak === undefined) return undefined;
  return {
    text: `${number(growth, 0)} MiB more in the second half; ${number(peak, 0)} MiB`,
    isMet: growth <= peak * flatShare && peak <= mostMiB,
  };
}

function command(samples, what, target) {
  return atMost(ratioTo(samples, "node -e 0", { suite: "cold-start", what }, "ms"), target);
}

function aheadOfSlow(samples, languages) {
  const isSlow = (name) => name !== "procman" && slowLanguages.includes(languages.get(name));
  const verdicts = ["version", "ps"].map((what) => {
    const all = select(samples, { suite: "cold-start", what });
    return aheadOf(all, namesIn(all).filter(isSlow), "ms");
  });
  if (verdicts.includes(undefined)) return undefined;
  return {
    text: verdicts.map(({ text }) => text).join("; "),
    isMet: verdicts.every(({ isMet }) => isMet),
  };
}

function aheadAtStart({ samples, missing }) {
  const all = select(samples, { suite: "start", count: 100 });
  const verdict = aheadOf(all, slowerAtStart, "allMs");
  const absent = slowerAtStart.filter((name) => missing.includes(name));
  if (verdict === undefined || absent.length === 0) return verdict;
  return { ...verdict, text: `${verdict.text}; not found: ${absent.join(", ")}` };
}

/** Of those that were measured. */
function aheadOf(samples, names, figure) {
  const own = select(samples, { name: "procman" });
  const ratios = names.flatMap((name) => {
    const ratio = ratioOf(own, select(samples, { name }), figure);
    return ratio === undefined ? [] : [{ name, ratio }];
  });
  const [nearest] = ratios.toSorted((a, b) => b.ratio - a.ratio);
  if (nearest === undefined) return undefined;
  return {
    text: `${number(nearest.ratio, 2)} × ${nearest.name}, the nearest of ${ratios.length}`,
    isMet: nearest.ratio < 1,
  };
}

function stopping(samples) {
  const where = { suite: "stop", signal: "SIGTERM" };
  const of = (name) => select(samples, { ...where, name });
  const moreMs = inRounds(
    of("procman"),
    of("spawn loop in Node"),
    "ms",
    (ours, least) => ours - least,
  );
  return moreMs && { text: `${number(moreMs, 0)} ms more`, isMet: moreMs <= 60 };
}

function crashLoop(samples) {
  const own = select(samples, { suite: "crash", what: "loop", name: "procman" });
  const percent = medianOf(own, "percent");
  if (percent === undefined) return undefined;
  const all = number(medianOf(own, "percentOfAll"));
  return { text: `${number(percent)} % (with all that it starts: ${all} %)`, isMet: percent < 3 };
}

function odd(samples, kind) {
  const own = select(samples, { suite: "awkward", kind, name: "procman" });
  const [peak, late] = [medianOf(own, "peakMiB"), medianOf(own, "lateMs")];
  if (peak === undefined) return undefined;
  const ended = valuesOf(own, "end").find((end) => end !== "");
  return {
    text: `${number(peak, 0)} MiB; ${number(late, 0)} ms${ended ? `; ${ended}` : ""}`,
    isMet: peak <= mostMiB && late <= mostLateMs && ended === undefined,
  };
}
