// All who take part: procman with its log on disk and without, the peers that are found, and the bounds.
//   name, language        as shown; what is measured of all has no language
//   version, asks         words that print the version, and that ask or steer a running app
//   prepare               writes what it needs into the folder of a run; returns the words that start it
//   grow                  words that have so many processes of the only type run
//   merges, prefixes      whether it has one log of all on stdout, and names in it
//   restarts, most        whether it can start again what ends, and how many processes it can be given
//   suites                those it takes part in; unless given, all that it can
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bounds } from "./bounds.mjs";
import { node, procman } from "./environment.mjs";
import { findPeers, procfile } from "./peers.mjs";

const own = {
  name: "procman",
  language: "Node",
  merges: true,
  prefixes: true,
  restarts: true,
  version: [node, procman, "--version"],
  asks: {
    ps: [node, procman, "ps"],
    scale: [node, procman, "scale"],
    "scale p1=1": [node, procman, "scale", "p1=1"],
  },
  grow: (count) => [node, procman, "scale", `p1=${count}`],
  prepare: start(),
};

const withoutLog = {
  ...own,
  name: "procman --no-log",
  suites: ["throughput", "awkward"],
  prepare: start("--no-log"),
};

/** Also the names of the peers that are not on this machine. */
export function findContestants() {
  const { found, missing } = findPeers();
  return { contestants: [own, withoutLog, ...found, ...bounds], missing };
}

function start(...options) {
  return ({ folder, processes }) => {
    writeFileSync(join(folder, "Procfile"), procfile(processes));
    return { argv: [node, procman, "start", ...options] };
  };
}
