/** All faults, in the order in which they are run. */
import { chaos, mortalChaos } from "./chaos.ts";
import { bothKilled, guardianKilled, killed } from "./death.ts";
import { fullDisk, logDeleted, readOnlyFolder } from "./disk.ts";
import type { Fault } from "./fault.ts";
import { frozen } from "./freeze.ts";
import { hostileClients, malformed, strangers } from "./hostile.ts";
import { noForks, noThreads, tooLarge } from "./limits.ts";
import { flood, halfLines, oddOutput, printAndExit, unflushedOutput } from "./output.ts";
import { deaf, escaped, forkBomb, halted, hidden, wrapper } from "./stopping.ts";
import { commandStorm, crashLoop, manyStarts } from "./storm.ts";
import { clockJumps, firstProcess, outOfMemory, portTaken } from "./system.ts";
import { ctrlC, readerGone, terminalClosed, terminalUnread } from "./terminal.ts";

export const faults: readonly Fault[] = [
  killed,
  guardianKilled,
  bothKilled,
  frozen,
  terminalClosed,
  terminalUnread,
  readerGone,
  ctrlC,
  deaf,
  halted,
  escaped,
  hidden,
  wrapper,
  forkBomb,
  noForks,
  noThreads,
  tooLarge,
  fullDisk,
  logDeleted,
  readOnlyFolder,
  manyStarts,
  commandStorm,
  crashLoop,
  oddOutput,
  flood,
  printAndExit,
  unflushedOutput,
  halfLines,
  hostileClients,
  strangers,
  malformed,
  clockJumps,
  firstProcess,
  portTaken,
  outOfMemory,
  chaos,
  mortalChaos,
];
