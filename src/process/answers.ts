/** Asks once. Each says why the answer is no good, and nothing when it is; none rejects. */
import { connect } from "node:net";
import { describeExit, type ExitStatus, isSuccess } from "../core/exit-status.ts";
import type { Address } from "../core/probe.ts";
import { readOutput } from "./output.ts";
import { errorCode, signalGroup } from "./signal.ts";
import { type SpawnRequest, spawnInSession } from "./spawn.ts";

export type Answer = string | undefined;

/** Without a host: on either loopback address. */
export async function askTcp(
  { host, port }: Extract<Address, { is: "address" }>,
  givenUp: AbortSignal,
): Promise<Answer> {
  const hosts = host === undefined ? ["127.0.0.1", "::1"] : [host];
  const errors = await Promise.all(hosts.map((each) => connectOnce(each, port, givenUp)));
  if (errors.includes(undefined)) return undefined;
  return `nobody answers on ${host === undefined ? "port " : `${host}:`}${port} (${errors[0]})`;
}

function connectOnce(host: string, port: number, givenUp: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, signal: givenUp });
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error) => resolve(errorCode(error) ?? error.message));
  });
}

/** Nobody's identity is checked: it is only asked whether there is an answer. */
export async function askHttp(url: URL, givenUp: AbortSignal): Promise<Answer> {
  const { get } =
    url.protocol === "https:" ? await import("node:https") : await import("node:http");
  const headers = { "user-agent": "procman", connection: "close" };
  const options = { headers, signal: givenUp, agent: false, rejectUnauthorized: false };
  return new Promise((resolve) => {
    const request = get(url, options, (response) => {
      const { statusCode = 0 } = response;
      resolve(statusCode < 400 ? undefined : `GET ${url} answered ${statusCode}`);
      response.destroy();
    });
    request.once("error", (error) => resolve(`GET ${url}: ${errorCode(error) ?? error.message}`));
  });
}

export async function askCommand(request: SpawnRequest, givenUp: AbortSignal): Promise<Answer> {
  const { status, lastLineOf } = await runCommand(request, givenUp);
  if (isSuccess(status)) return undefined;
  if (status.kind === "unstarted") return describeExit(status);
  const lastLine = await lastLineOf();
  return `${request.command} ${describeExit(status)}${lastLine === "" ? "" : `: ${lastLine}`}`;
}

export interface CommandEnd {
  readonly status: ExitStatus;
  /** Of what it has printed, stderr too; without the blanks around it. Who holds its output is waited for. */
  readonly lastLineOf: () => Promise<string>;
}

/** Its group gets SIGKILL when it is given up, and is not waited for. */
export async function runCommand(request: SpawnRequest, givenUp: AbortSignal): Promise<CommandEnd> {
  const spawned = await spawnInSession(request, undefined);
  if (spawned.kind === "unstarted") return { status: spawned, lastLineOf: async () => "" };
  let said = "";
  const output = readOutput(spawned.output, (bytes) => {
    said = (said + bytes.toString()).slice(-maxSaid);
  });
  output.flowFreely();
  const kill = () => void signalGroup(spawned.pid, "SIGKILL");
  if (givenUp.aborted) kill();
  givenUp.addEventListener("abort", kill);
  const status = await spawned.exit;
  givenUp.removeEventListener("abort", kill);
  // What it has left behind is none of the app's.
  kill();
  return {
    status,
    async lastLineOf() {
      await Promise.race([output.drained(), isAborted(givenUp)]);
      return said.trim().split("\n").at(-1)?.trim() ?? "";
    },
  };
}

const maxSaid = 500;

function isAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}
