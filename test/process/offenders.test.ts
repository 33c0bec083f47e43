import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { defaultStopPolicy } from "../../src/core/stop-policy.ts";
import type { Child } from "../../src/process/child.ts";
import { startRealChild } from "../support/real-child.ts";
import { hasProgram } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout: 20_000 });

/** Says who it is, and stays. It prints only into its file. */
const stay = `/bin/sh -c 'echo $$ >>"$0/pids"; exec sleep 1000' "$DIR"`;
const quiet = "</dev/null >/dev/null 2>&1";
const closed = "<&- >&- 2>&-";
const ownGroup = "perl -e 'setpgrp(0, 0); exec @ARGV' --";
const daemon = `setsid /bin/sh -c '"$@" &' sh`;
const bareDaemon = `setsid env -i /bin/sh -c '"$@" &' sh`;
const renamed = `$0 = "x" x 9999; open(F, ">>$ARGV[0]/pids"); print F "$$\\n"; close F; sleep 1000`;

/** Each leaves one process behind. Who has left the group is named, whoever asked for the end. */
const offenders: readonly (readonly [name: string, where: "in" | "out", command: string])[] = [
  ["a member of the group", "in", `${stay} &`],
  ["an orphan in the group", "in", `(${stay} &)`],
  ["a member without an environment", "in", `env -i ${stay} ${quiet} &`],
  ["one in a group of its own", "out", `${ownGroup} ${stay} ${quiet} &`],
  ["an orphan in a group of its own", "out", `(${ownGroup} ${stay} &)`],
  [
    "a member of a group in the same session, unmarked",
    "out",
    `env -i ${ownGroup} ${stay} ${quiet} &`,
  ],
  [
    "an orphan of that kind that has closed its files",
    "out",
    `(env -i ${ownGroup} ${stay} ${closed} &)`,
  ],
  ["one in a session of its own", "out", `setsid ${stay} &`],
  ["a daemon", "out", `${daemon} ${stay} ${quiet}`],
  ["a daemon that has closed its files", "out", `${daemon} ${stay} ${closed}`],
  ["an unmarked daemon that holds the output", "out", `${bareDaemon} ${stay}`],
  [
    "one with a name over its environment, that holds the output",
    "out",
    `setsid perl -e '${renamed}' "$DIR" &`,
  ],
  [
    "one that takes no notice of SIGTERM",
    "out",
    `setsid /bin/sh -c 'trap "" TERM; exec "$@"' sh ${stay} &`,
  ],
  [
    "one that is stopped",
    "out",
    `setsid /bin/sh -c 'echo $$ >>"$DIR/pids"; kill -STOP $$; sleep 1000' &`,
  ],
];

const isPossible = process.platform === "linux" && hasProgram("perl") && hasProgram("setsid");

describe.runIf(isPossible).concurrent("nothing survives its run", () => {
  it.each(offenders)("%s, when it is stopped", async (_, where, command) => {
    await using real = await startRealChild(`${command}\nexec sleep 1000`);
    const pid = await announced(real.folder);
    real.child.stop(policy);
    const end = await real.gone;
    expect(isAlive(pid)).toBe(false);
    expect(end).toMatchObject({ unstoppable: [], spared: [], isOutputHeld: false });
    expect(end.swept).toEqual(where === "out" ? [expect.stringContaining(`(pid ${pid})`)] : []);
  });

  it.each(offenders)("%s, when its leader has ended", async (_, _where, command) => {
    const stop = (child: Child) => child.stop(policy);
    const line = `${command}\nuntil [ -s "$DIR/pids" ]; do sleep 0.01; done`;
    await using real = await startRealChild(line, { onExited: stop });
    const pid = await announced(real.folder);
    const end = await real.gone;
    expect(isAlive(pid)).toBe(false);
    expect(end).toMatchObject({ unstoppable: [], spared: [], isOutputHeld: false });
    expect(end.swept).toEqual([expect.stringContaining(`(pid ${pid})`)]);
  });
});

const policy = defaultStopPolicy(10_000);

function announced(folder: string): Promise<number> {
  return vi.waitFor(
    () => Number(/^\d+(?=\n)/.exec(readFileSync(join(folder, "pids"), "latin1"))?.[0] ?? fail()),
    { interval: 5, timeout: 10_000 },
  );
}

function fail(): never {
  throw new Error("it has not said who it is");
}
