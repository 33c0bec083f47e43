/**
 * Opens the control API of a running app: on its socket, and on loopback TCP where asked for. From
 * then on it can be found, whatever is removed.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { RunningApp } from "../app.ts";
import type { LogSource } from "../control/log-stream.ts";
import { serveControl } from "../control/server.ts";
import { readToken } from "../control/token.ts";
import { followLog } from "../logs/follow-log.ts";
import { parsePosition, printPosition } from "../logs/position.ts";
import { readHistory } from "../logs/read-history.ts";
import { errorCode } from "../process/signal.ts";
import type { ApiAddress } from "./api-address.ts";
import { keepPlace } from "./keep-place.ts";
import type { Place } from "./place.ts";
import { complain } from "./report.ts";

export interface OpenControl {
  readonly running: RunningApp;
  readonly place: Place;
  readonly logFolder: string;
  readonly api: ApiAddress | undefined;
  /** Whether it may be found only later, when the disk is full. */
  readonly isPatient: boolean;
}

export interface Control {
  /** The last thing to do: whoever waits for procman's end is told by it. */
  close(): Promise<void>;
}

export async function openControl(options: OpenControl): Promise<Control> {
  const { running, place, logFolder, api, isPatient } = options;
  const { folder } = place;
  const token = api && (await readToken(folder));
  const control = await serveControl({
    app: running.commands,
    log: logSource(logFolder),
    version: manifest.version,
    folder,
    isPatient,
    runtimeFolder: process.env["XDG_RUNTIME_DIR"],
    tcp: api && token && { ...api, token: token.value },
    onError: (error) => running.say(`the control API failed: ${error}`),
  });
  if (api && token) {
    const host = api.host === "::1" ? "[::1]" : api.host;
    running.say(`the API is on http://${host}:${control.port}, its token in ${token.path}`);
    // Once, and not through the log.
    if (token.isNew) complain(`the token of the API is ${token.value}`);
  }
  const { root } = running.commands.status();

  async function restore(): Promise<boolean> {
    const isPlaceNew = await place.restore();
    const isControlNew = await control.restore();
    if (isPlaceNew && token) await readToken(folder, token.value);
    return isPlaceNew || isControlNew;
  }

  const keeper = keepPlace({
    folders: () => [folder, dirname(control.socket())],
    restore: () =>
      restore().catch((error) => {
        // Somebody is still removing it: it is to be looked at again.
        if (errorCode(error) === "ENOENT" && existsSync(root)) return true;
        throw error;
      }),
    onNoRoom() {
      running.say(
        `ps, stop and the like do not find this procman until there is room in ${folder}`,
      );
    },
    onLost(reason) {
      const { pid } = process;
      running.say(
        `${folder} is lost, so ps, stop and the like do not find this procman (pid ${pid}): ${reason}`,
      );
    },
  });
  return {
    async close() {
      await keeper.close();
      // Who is told that procman has ended may start it again.
      await place.leave();
      await control.close();
    },
  };
}

/** A client gets no more of what was before, however long its lines are. */
const maxHistoryBytes = 4 * 2 ** 20;

/** The log on disk, with places in it as the clients of the API are told them. */
function logSource(folder: string): LogSource {
  return {
    async history(query, lines) {
      const { text, position } = await readHistory(folder, query, lines, maxHistoryBytes);
      return { text, position: printPosition(position) };
    },
    async *follow(query, position, givenUp) {
      const from = parsePosition(position);
      if (from === undefined) throw new RangeError(`"${position}" is no place in the log`);
      for await (const lines of followLog(folder, query, from, givenUp)) {
        yield { text: lines.text, position: printPosition(lines.position) };
      }
    },
  };
}
