/** The log cannot be written. */
import { mkdir, open, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { compare } from "./comparison.ts";
import { checkCounted, countingApp, tallyOf } from "./counting.ts";
import type { Fault } from "./fault.ts";
import { followFolder } from "./follow-folder.ts";
import { needsMounts } from "./needs.ts";
import { expectStatus, gapOf } from "./oracles.ts";
import { rowsOf } from "./rows.ts";
import { pause, until } from "./until.ts";

const recoveryMs = 5_000;
const fullMs = 1_500;

export const fullDisk: Fault = {
  name: "disk full, then with room again",
  must: "the app runs on, the gap is counted exactly, the log goes on within 5 s",
  cannot: needsMounts,
  async run(stage) {
    const { place, folder } = await countingApp(stage, [400]);
    await mkdir(place.ownFolder, { mode: 0o700 });
    stage.mount(place.ownFolder, 2_048);
    const comparison = compare();
    const logFolder = join(place.ownFolder, "log");
    const follower = followFolder(logFolder, comparison.log);
    const onOutput = rowsOf(comparison.screen);
    const talk = place.start(["--log-format", "heroku"], { onOutput });
    await place.up();
    const tookMs: number[] = [];
    for (let time = 1; time <= 2; time += 1) {
      await fillDisk(place.ownFolder);
      await pause(fullMs);
      await emptyDisk(place.ownFolder);
      const startMs = performance.now();
      await until(`gap mark ${time}`, recoveryMs, () => {
        follower.poll();
        return comparison.figures().gaps >= time || undefined;
      });
      tookMs.push(performance.now() - startMs);
    }
    expectStatus((await place.ask("stop")).status, 0);
    await talk.ended;
    follower.poll();
    comparison.end();
    const { same, missing } = comparison.figures();
    checkCounted(tallyOf(place.log()), folder);
    return `${same} lines stored + ${missing} counted = all; goes on after ${Math.round(Math.max(...tookMs))} ms`;
  },
};

const fillName = "fill";

export async function fillDisk(folder: string): Promise<void> {
  const file = await open(join(folder, fillName), "w");
  // Down to the last byte: by ever smaller pieces.
  for (let bytes = 2 ** 20; bytes >= 1; ) {
    const written = await file.write(Buffer.alloc(bytes)).catch(() => ({ bytesWritten: 0 }));
    if (written.bytesWritten < bytes) bytes = Math.floor(bytes / 16);
  }
  await file.close();
}

export async function emptyDisk(folder: string): Promise<void> {
  await rm(join(folder, fillName), { force: true });
}

export const readOnlyFolder: Fault = {
  name: "app's folder read-only",
  must: "it starts, keeps its log elsewhere, and says so",
  cannot: needsMounts,
  async run(stage) {
    const place = await stage.app({ Procfile: "worker: echo here; sleep 1000\n" });
    const undo = stage.bindReadOnly(place.folder);
    const talk = place.start();
    await talk.line(/\| here/);
    const [, where = ""] = await talk.line(/the log is kept in (\S+)/);
    await place.up();
    if (!where.startsWith(stage.folder)) throw new Error(`the log is in ${where}`);
    expectStatus((await place.ask("ps")).status, 0);
    const { stdout } = await place.ask("logs");
    if (!stdout.includes("here")) throw new Error("procman logs does not find it");
    expectStatus((await place.ask("stop")).status, 0);
    await talk.ended;
    undo();
    await place.startsAgain();
    return "log in the folder for temporary files";
  },
};

export const logDeleted: Fault = {
  name: "log folder deleted, then a link in its place",
  must: "the app runs on, nothing is written through the link, the gap is counted",
  async run(stage) {
    const { place } = await countingApp(stage, [200]);
    const elsewhere = join(stage.folder, "elsewhere");
    await mkdir(elsewhere);
    const talk = place.start();
    await place.up();
    const logFolder = join(place.ownFolder, "log");
    await rm(logFolder, { recursive: true });
    await until("the log to be there again", recoveryMs, () =>
      place.log().includes("#") ? true : undefined,
    );
    await rm(logFolder, { recursive: true });
    await symlink(elsewhere, logFolder);
    await pause(fullMs);
    expectStatus((await place.ask("ps")).status, 0);
    const written = await readdir(elsewhere);
    if (written.length > 0) throw new Error(`it wrote ${written.join(", ")} through the link`);
    await rm(logFolder);
    const gap = await until("a gap mark", recoveryMs, () =>
      place
        .log()
        .split("\n")
        .map((row) => row.slice(row.indexOf("]: ") + 3))
        .find((text) => gapOf(text) !== undefined),
    );
    expectStatus((await place.ask("stop")).status, 0);
    await talk.ended;
    return gap.slice(0, gap.indexOf(":"));
  },
};
