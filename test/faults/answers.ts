/** How long procman takes to answer while something else happens to it. */
import { join } from "node:path";
import { quantile } from "./oracles.ts";
import { rowsOf } from "./rows.ts";
import { type Place, run, type Stage } from "./stage.ts";
import { pause, until } from "./until.ts";

const answerMs = 250;

export interface Watch {
  /** Ends it. Throws when one answer in a hundred took too long, or there was none. */
  end(): Promise<string>;
}

/**
 * Somebody asks again and again, from a process of its own: this one may be busy itself. So may be
 * the machine, and then even a server with nothing to do is late, which procman is not blamed for.
 */
export async function watchAnswers(stage: Stage, place: Place): Promise<Watch> {
  const socket = await until("the control socket", 5_000, () => place.socket());
  const bareSocket = join(stage.folder, "bare");
  const bare = stage.spawn(run("bare.cjs", bareSocket).split(" "));
  await bare.line(/listening/);
  const took = { procman: [] as number[], bare: [] as number[] };
  const problems: string[] = [];
  const onOutput = rowsOf((row) => {
    const [, whom, ms] = /^(procman|bare) ([0-9.]+)$/.exec(row) ?? [];
    if (whom === "procman" || whom === "bare") took[whom].push(Number(ms));
    else problems.push(row);
  });
  const asker = stage.spawn(run("ask.cjs", socket, bareSocket).split(" "), { onOutput });
  return {
    async end() {
      for (const talk of [asker, bare]) talk.kill();
      await asker.ended;
      const [problem] = problems;
      if (problem !== undefined) throw new Error(`no answer: ${problem}`);
      const [p50, p99] = [0.5, 0.99].map((part) => quantile(took.procman, part)) as [
        number,
        number,
      ];
      const bareMs = quantile(took.bare, 0.99);
      const text =
        `${took.procman.length} answers, p50 ${show(p50)} ms, ` +
        `p99 ${show(p99)} ms (that of a bare server ${show(bareMs)} ms)`;
      if (!(p99 <= Math.max(answerMs, 2 * bareMs))) throw new Error(text);
      return text;
    },
  };
}

/** The same for so long. */
export async function watchAnswersFor(ms: number, stage: Stage, place: Place): Promise<string> {
  const watch = await watchAnswers(stage, place);
  await pause(ms);
  return watch.end();
}

function show(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}
