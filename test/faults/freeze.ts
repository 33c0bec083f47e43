/** procman stands still for a while, as when the machine sleeps. */
import { checkCounted, countingApp, tallyOf } from "./counting.ts";
import type { Fault } from "./fault.ts";
import { statesOf } from "./limits.ts";
import { expectStatus } from "./oracles.ts";
import { pause } from "./until.ts";

export const frozen: Fault = {
  name: "procman halted with SIGSTOP",
  must: "a client says so within 6 s; afterwards nothing is lost and nothing restarts",
  async run(stage) {
    const { place, folder } = await countingApp(stage, [500], "quiet: sleep 1000\n");
    const talk = place.start();
    await place.up();
    const before = await statesOf(place);
    process.kill(talk.pid, "SIGSTOP");
    const asked = await place.ask("ps");
    await pause(stage.form.isLong ? 25_000 : 1_000);
    process.kill(talk.pid, "SIGCONT");
    if (asked.ms > 6_000) throw new Error(`the client took ${Math.round(asked.ms)} ms`);
    expectStatus(asked.status, 124);
    if (!asked.stderr.includes(String(talk.pid))) throw new Error(`it says: ${asked.stderr}`);
    await place.ask("ps");
    const after = await statesOf(place);
    for (const [name, { pid, restarts }] of before) {
      const now = after.get(name);
      if (now?.pid !== pid || now.restarts !== restarts) throw new Error(`${name} was restarted`);
    }
    talk.child.kill("SIGTERM");
    await talk.ended;
    const { lines } = checkCounted(tallyOf(place.log()), folder);
    return `the client says why after ${Math.round(asked.ms)} ms; ${lines} lines, none lost`;
  },
};
