/** Something happens to the terminal, or to whoever reads the output. */
import { fileURLToPath } from "node:url";
import { watchAnswersFor } from "./answers.ts";
import { checkCounted, countingApp } from "./counting.ts";
import type { Fault } from "./fault.ts";
import { needsProgram } from "./needs.ts";
import { createTally, expectStatus } from "./oracles.ts";
import { rowsOf } from "./rows.ts";
import { endMs, type Place, run } from "./stage.ts";
import type { Talk } from "./talk.ts";
import { pause, timed, until } from "./until.ts";

const python = needsProgram("python3");
const terminal = fileURLToPath(new URL("programs/terminal.py", import.meta.url));

/** procman in a terminal of its own. */
function startInTerminal(place: Place, args: readonly string[], how: object = {}): Talk {
  const under = ["python3", terminal];
  return place.start(args, { under, stdio: ["pipe", "pipe", "pipe"], ...how });
}

function order(talk: Talk, words: string): void {
  talk.child.stdin?.write(`${words}\n`);
}

const slowApp = { Procfile: `worker: ${run("slow.cjs", 300)}\n` };

export const terminalClosed: Fault = {
  name: "terminal closed",
  must: "all is stopped gracefully, and procman ends with 129",
  cannot: python,
  async run(stage) {
    const place = await stage.app(slowApp);
    const talk = startInTerminal(place, []);
    await talk.line(/\| slow/);
    order(talk, "close");
    const { value, ms } = await timed(() => talk.ended);
    expectStatus(value.status, 129);
    if (!place.log().includes("drained")) throw new Error("the process was not stopped gracefully");
    return `ended after ${Math.round(ms)} ms`;
  },
};

export const terminalUnread: Fault = {
  name: "terminal not read, much is printed",
  must: "procman answers as before, and what nobody takes in time is counted",
  isAlone: true,
  cannot: python,
  async run(stage) {
    const { place, folder } = await countingApp(stage, [0, 0, 100]);
    const shown = createTally();
    const onOutput = rowsOf(shown.take);
    const talk = startInTerminal(place, ["--log-format", "heroku"], { onOutput });
    await until("lines", 10_000, () => (shown.last.size > 0 ? true : undefined));
    order(talk, "hold");
    const answers = await watchAnswersFor(stage.form.isLong ? 60_000 : 4_000, stage, place);
    order(talk, "read");
    // Not by Ctrl-C: at that a terminal forgets what it has not shown.
    await place.ask("stop");
    expectStatus((await talk.ended).status, 0);
    const { lines } = checkCounted(shown, folder);
    return `line ${lines} reached, ${shown.missing()} counted as missing; ${answers}`;
  },
};

export const readerGone: Fault = {
  name: "reader of stdout gone, as with | head",
  must: "procman stops all and ends with 0",
  async run(stage) {
    const place = await stage.app({
      Procfile: `worker: while :; do echo tick; sleep 0.1; done\nslow: ${run("slow.cjs", 300)}\n`,
    });
    const talk = place.start();
    await talk.line(/\| slow\n/);
    talk.child.stdout?.destroy();
    const { value, ms } = await timed(() => talk.ended);
    expectStatus(value.status, 0);
    if (!place.log().includes("drained")) {
      throw new Error(`the process was not stopped gracefully\n${place.log().slice(-1_500)}`);
    }
    return `ended after ${Math.round(ms)} ms`;
  },
};

export const ctrlC: Fault = {
  name: "Ctrl-C two and three times",
  must: "a bounced key is one request, a second one kills at once",
  cannot: python,
  async run(stage) {
    const polite = await stage.app(slowApp);
    const one = startInTerminal(polite, ["-t", "5"]);
    await one.line(/\| slow/);
    for (let press = 0; press < 3; press += 1) {
      order(one, "press");
      await pause(50);
    }
    expectStatus((await one.ended).status, 130);
    if (!polite.log().includes("drained")) throw new Error("the bounced key killed");
    const place = await stage.app({ Procfile: `worker: ${run("stubborn.cjs")}\n` });
    const two = startInTerminal(place, ["-t", "30"]);
    await two.line(/\| stubborn/);
    order(two, "press");
    await pause(400);
    order(two, "press");
    const { value, ms } = await timed(() => two.ended);
    expectStatus(value.status, 130);
    if (ms > endMs) throw new Error(`it took ${Math.round(ms)} ms to kill`);
    return `killed ${Math.round(ms)} ms after the second`;
  },
};
