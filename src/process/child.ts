/**
 * One run of one command, from its start to the moment when nothing of it is left: leader gone,
 * group empty, escapees ended, output read to the end. Decides nothing about what comes next.
 */
import { type Environment, runVariable } from "../core/environment.ts";
import type { ExitStatus } from "../core/exit-status.ts";
import type { Isolation } from "../core/isolation.ts";
import type { StopPolicy } from "../core/stop-policy.ts";
import type { Cgroup } from "./cgroup.ts";
import { endEscapees } from "./escapees.ts";
import { explainKill, explainRefusal, killedStatus } from "./explain-end.ts";
import { untilEmpty } from "./group.ts";
import type { MemoryKills } from "./memory-kills.ts";
import { nowMs } from "./now-ms.ts";
import { type Output, readOutput } from "./output.ts";
import type { PipeMaker } from "./pipe.ts";
import { nameProcess, type ProcessTable } from "./process-table.ts";
import type { RollKeeper } from "./roll-keeper.ts";
import { settledWithin } from "./settled-within.ts";
import { giveUpMs, signalGroup, stopGroup, stopLeader } from "./signal.ts";
import { type Spawned, spawnInSession, type Unstarted } from "./spawn.ts";
import type { Sweeper } from "./sweep.ts";
import { closeTaken, type Taken, takePipe } from "./take-pipe.ts";
import type { Trace } from "./trace.ts";

export interface ChildRequest {
  readonly command: string;
  /** Another one than the system's. */
  readonly shell?: string | undefined;
  readonly cwd: string;
  /**
   * The whole of what it gets, asked for just before it is started. Does not reject. It may take
   * for ever: a child that is stopped meanwhile gives it up.
   */
  readonly environment: (givenUp: AbortSignal) => Promise<Environment>;
  /** The value of `PROCMAN_RUN`, which `environment` must hold too. */
  readonly run: string;
  readonly isolation?: Isolation | undefined;
}

export interface ChildListener {
  /** There is only Node's own pipe for its output, in which the last of it may be lost. */
  onPoorPipe(reason: string): void;
  onStarted(pid: number): void;
  /** The bytes are there only during the call. */
  onOutput(bytes: Buffer): void;
  /** What its stop command prints. */
  onStopOutput(bytes: Buffer): void;
  /** `reason` is `exited with code 1`. The signal is sent instead, where anybody is left. */
  onStopFailed(command: string, reason: string): void;
  /** The leader is gone; its group may live on. */
  onExited(): void;
  /** Always, once, and last but for output that somebody else still writes. */
  onGone(end: ChildEnd): void;
}

export interface ChildEnd {
  readonly status: ExitStatus;
  /** Processes that were left behind, in the group or out of it, and ended, each with its pid. */
  readonly swept: readonly string[];
  readonly spared: readonly string[];
  /** Still there: not ours to signal, or stuck in the kernel. */
  readonly unstoppable: readonly string[];
  /** Somebody else keeps the output open. */
  readonly isOutputHeld: boolean;
}

export interface Child {
  /**
   * As the policy says, but for its time. What a leader that has gone left behind gets the signal.
   * A child that is not started yet is not started at all.
   */
  stop(policy: StopPolicy): void;
  /** SIGKILL to the whole group, and to what has left it as soon as it is found. */
  kill(): void;
  /** Stops reading, so that a child that writes on has to wait. Without effect once it is ending. */
  pause(): void;
  resume(): void;
}

export interface ChildTools {
  readonly pipes: PipeMaker;
  readonly sweeper: Sweeper;
  readonly table: ProcessTable;
  readonly memoryKills: MemoryKills;
  readonly roll: RollKeeper;
}

type Phase =
  | { readonly is: "preparing" }
  | { readonly is: "cancelled" }
  | {
      readonly is: "running";
      readonly pgid: number;
      readonly output: Output;
      readonly environment: Environment;
      readonly leader: "there" | "gone";
    }
  /** The number may be another group's from now on: it is never signalled again. */
  | { readonly is: "closed" };

export function startChild(
  request: ChildRequest,
  listener: ChildListener,
  tools: ChildTools,
): Child {
  let phase: Phase = { is: "preparing" };
  let killedAtMs: number | undefined;
  let isAskedToEnd = false;
  /** To whom else it goes when the leader has gone. */
  let signalForOthers: StopPolicy["signal"] | undefined;
  let stopCommand: Promise<void> | undefined;
  const { promise: killed, resolve: onKilled } = newSignal();
  const cancellation = new AbortController();
  const isForced = () => killedAtMs !== undefined;
  const hasGivenUp = () => killedAtMs !== undefined && nowMs() - killedAtMs > giveUpMs;

  void live().then(listener.onGone);

  async function live(): Promise<ChildEnd> {
    const given = request.environment(cancellation.signal);
    const taking = takePipe(tools.pipes);
    const making = isolate(request);
    const prepared = await Promise.race([
      Promise.all([given, taking, making]),
      whenAborted(cancellation),
    ]);
    // It may be stopped, too, when all is there and this has not gone on yet.
    if (prepared === "aborted" || phase.is === "cancelled") {
      void taking.then(closeTaken);
      void making.then((cgroup) => cgroup?.remove());
      return nothingStarted(cancelled);
    }
    const [environment, taken, cgroup] = prepared;
    const end = await start(environment, taken, cgroup);
    cgroup?.remove();
    return end;
  }

  async function start(
    environment: Environment,
    taken: Taken,
    cgroup: Cgroup | undefined,
  ): Promise<ChildEnd> {
    if ("kind" in taken) return nothingStarted(taken);
    if ("problem" in taken) listener.onPoorPipe(taken.problem);
    const pipe = "problem" in taken ? undefined : taken;
    const { command, shell, cwd } = request;
    const spawned = await spawnInSession({ command, shell, cwd, environment }, pipe, cgroup);
    if (spawned.kind === "unstarted") return nothingStarted(spawned);
    return run(spawned, environment, cgroup);
  }

  async function run(
    spawned: Spawned,
    environment: Environment,
    cgroup: Cgroup | undefined,
  ): Promise<ChildEnd> {
    const { pid, exit } = spawned;
    const output = readOutput(spawned.output, listener.onOutput);
    phase = { is: "running", pgid: pid, output, environment, leader: "there" };
    tools.roll.add(pid);
    listener.onStarted(pid);
    const started = tools.table.findStart(pid);
    tools.memoryKills.watch();
    const ended = await Promise.race([exit, killed.then(() => endOfKilled(exit))]);
    phase = { ...phase, leader: "gone" };
    output.flowFreely();
    if (signalForOthers !== undefined) stopGroup(pid, signalForOthers);
    const behind = isAskedToEnd ? [] : await nameMembers(pid);
    const { command, cwd } = request;
    const asked = { command, cwd, path: environment.get("PATH") };
    const explaining = isAskedToEnd ? ended : explainRefusal(ended, asked);
    listener.onExited();
    const explained = await explaining;
    const kills = tools.memoryKills.haveHappened();
    const status = isForced() ? explained : await explainKill(explained, kills);
    const stuck = await untilEmpty(pid, tools.table, hasGivenUp);
    phase = { is: "closed" };
    tools.roll.remove(pid);
    const stuckNames = await Promise.all(stuck.map((member) => nameProcess(tools.table, member)));
    // It is marked like an escapee, and what it does may be meant for the next run otherwise.
    await stopCommand;
    const trace: Trace = {
      mark: `${runVariable}=${request.run}`,
      since: await started,
      session: pid,
      cgroup,
    };
    const swept =
      stuck.length > 0
        ? { ended: [], spared: [], left: stuckNames, isOutputHeld: !(await output.drained()) }
        : await endEscapees(trace, output, tools.sweeper, isForced);
    return {
      status,
      swept: [...behind.filter((name) => !stuckNames.includes(name)), ...swept.ended],
      spared: swept.spared,
      unstoppable: swept.left,
      isOutputHeld: swept.isOutputHeld,
    };
  }

  /** Of a group whose leader has gone. They are still there to be named before that is told. */
  async function nameMembers(pgid: number): Promise<readonly string[]> {
    if (signalGroup(pgid, 0) === "gone") return [];
    const members = await tools.table.members(pgid).catch(() => []);
    return Promise.all(members.map((member) => nameProcess(tools.table, member)));
  }

  /** SIGKILL may not reach the leader: then its end is not waited for. */
  async function endOfKilled(exit: Promise<ExitStatus>): Promise<ExitStatus> {
    return (await settledWithin(exit, giveUpMs)) ? exit : killedStatus;
  }

  function sendStop({ signal, scope }: StopPolicy): void {
    if (phase.is !== "running") return;
    if (scope === "group" || phase.leader === "gone") {
      stopGroup(phase.pgid, signal);
    } else {
      signalForOthers = signal;
      stopLeader(phase.pgid, signal);
    }
  }

  async function stopBy(
    command: string,
    policy: StopPolicy,
    environment: Environment,
  ): Promise<void> {
    const asked = { command, cwd: request.cwd, environment };
    const problem = await import("./stop-command.ts")
      .then((part) => part.runStopCommand(asked, killed, listener.onStopOutput, tools.pipes))
      .catch((error) => `could not be run (${error})`);
    // Who is killed is told to be late.
    if (problem === undefined || isForced()) return;
    listener.onStopFailed(command, problem);
    sendStop(policy);
  }

  function cancel(): void {
    if (phase.is !== "preparing") return;
    phase = { is: "cancelled" };
    cancellation.abort();
  }

  return {
    stop(policy) {
      isAskedToEnd = true;
      cancel();
      if (phase.is !== "running") return;
      phase.output.flowFreely();
      const { command } = policy;
      if (command === undefined || phase.leader === "gone") sendStop(policy);
      else stopCommand ??= stopBy(command, policy, phase.environment);
    },
    kill() {
      isAskedToEnd = true;
      killedAtMs ??= nowMs();
      onKilled();
      cancel();
      if (phase.is !== "running") return;
      phase.output.flowFreely();
      signalGroup(phase.pgid, "SIGKILL");
    },
    pause() {
      if (phase.is === "running") phase.output.pause();
    },
    resume() {
      if (phase.is === "running") phase.output.resume();
    },
  };
}

const cancelled: Unstarted = {
  kind: "unstarted",
  reason: "it was stopped before it had started",
  isLasting: false,
};

function nothingStarted(status: Unstarted): ChildEnd {
  return { status, swept: [], spared: [], unstoppable: [], isOutputHeld: false };
}

/** Without one where none can be had. */
async function isolate({ isolation, run }: ChildRequest): Promise<Cgroup | undefined> {
  if (isolation === undefined) return undefined;
  try {
    const { makeCgroup } = await import("./cgroup.ts");
    return makeCgroup(run);
  } catch {
    // No descriptor may be left to load it with.
    return undefined;
  }
}

function whenAborted({ signal }: AbortController): Promise<"aborted"> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve("aborted")));
}

function newSignal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}
