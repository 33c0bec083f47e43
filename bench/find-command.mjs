// Where a peer is: in the folder that BENCH_PEERS names, as npm, Go and Python install there, or on the PATH.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { env, node } from "./environment.mjs";

const peers = process.env.BENCH_PEERS;
const places = [...(peers ? placesIn(peers) : []), ...(env.PATH ?? "").split(delimiter)];

/** The words that start it, or undefined when it is not there. */
export function findCommand(name) {
  const file = places.map((place) => join(place, name)).find(isExecutable);
  if (file === undefined) return undefined;
  // What npm has put there would look for another Node first.
  return isNodeScript(file) ? [node, realpathSync(file)] : [file];
}

function placesIn(folder) {
  const below = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return [folder, ...below].flatMap((one) => [join(one, "bin"), join(one, "node_modules/.bin")]);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isNodeScript(file) {
  const start = Buffer.alloc(64);
  const fd = openSync(file, "r");
  readSync(fd, start);
  closeSync(fd);
  return /^#!.*\bnode\b/.test(start.toString("latin1"));
}
