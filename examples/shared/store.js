// The job queue of all processes on this machine. A job is a file, the folder it lies in is its
// state, and a rename is the only way from one state to the next: of two processes that try, one
// succeeds.

import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import process from "node:process";

const keptDone = 100;

// On Windows there are no user ids, and the temporary folder is each user's own.
const uid = process.getuid?.() ?? 0;
const root = process.env.EXAMPLE_DATA || join(tmpdir(), `procman-example-${uid}`);

// In the first two, a file's name ends in the pid of the process that has it in hand.
const folders = {
  writing: join(root, "writing"),
  claimed: join(root, "claimed"),
  queued: join(root, "queued"),
  done: join(root, "done"),
  failed: join(root, "failed"),
};

let enqueued = 0;

export async function open() {
  await mkdir(root, { recursive: true, mode: 0o700 });
  // In a shared temporary folder anyone may have made one of that name, to read what we put there.
  if (!process.env.EXAMPLE_DATA && (await lstat(root)).uid !== uid) {
    throw new Error(`${root} belongs to another user`);
  }
  for (const folder of Object.values(folders)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
}

// The job enters the queue whole or, if this process dies first, not at all.
export async function enqueue(payload) {
  enqueued += 1;
  const id = `${Date.now()}-${process.pid}-${enqueued}`;
  const draft = join(folders.writing, `${id}.${process.pid}`);
  await writeFile(draft, JSON.stringify(payload));
  await rename(draft, join(folders.queued, id));
  return id;
}

// Takes the oldest job that no other worker takes first.
export async function claim() {
  for (const id of await list(folders.queued)) {
    const path = join(folders.claimed, `${id}.${process.pid}`);
    if (await move(join(folders.queued, id), path)) return { id, path };
  }
  return undefined;
}

export async function read(job) {
  return JSON.parse(await readFile(job.path, "utf8"));
}

// A worker that dies after the work and before this rename leaves a job that is done once more: the
// queue promises "at least once", so a job should bear to be repeated.
export async function finish(job, outcome) {
  await rename(job.path, join(folders[outcome], job.id));
}

// Clears up after processes that died: what they had claimed is queued again, what they had not
// finished writing never was a job. Call it while holding no job: a claim in our own name is then
// that of a predecessor with the same pid, which containers hand out again and again.
export async function reclaim() {
  const ids = [];
  for (const file of await list(folders.claimed)) {
    const { id, pid } = parseHeld(file);
    if (pid !== process.pid && isAlive(pid)) continue;
    if (await move(join(folders.claimed, file), join(folders.queued, id))) ids.push(id);
  }
  for (const file of await list(folders.writing)) {
    if (!isAlive(parseHeld(file).pid)) await rm(join(folders.writing, file), { force: true });
  }
  return ids;
}

// Failed jobs stay until someone has looked at them.
export async function prune() {
  for (const id of (await list(folders.done)).slice(0, -keptDone)) {
    await rm(join(folders.done, id), { force: true });
  }
}

// Counts files, so "done" is not a total: it stops at the number that prune() keeps. A job that
// changes its state meanwhile may be counted in both.
export async function stats() {
  return {
    queued: (await list(folders.queued)).length,
    running: (await list(folders.claimed)).length,
    done: (await list(folders.done)).length,
    failed: (await list(folders.failed)).length,
  };
}

// Ids start with the time, so the oldest job comes first.
async function list(folder) {
  return (await readdir(folder)).sort();
}

// False if another process has moved the file already.
async function move(from, to) {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

function parseHeld(file) {
  const { name, ext } = parse(file);
  return { id: name, pid: Number(ext.slice(1)) };
}

// Any error but "no such process" leaves the job where it is: better late than done twice.
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== "ESRCH";
  }
}
