/** `procman router`: one router for several apps, in this terminal, until it is told to stop. */
import { makeRouterSocketPath, makeUserFolder } from "../control/own-folder.ts";
import { readRouterSettings } from "../core/router-settings.ts";
import { serveShared } from "../router/serve-shared.ts";
import type { Options } from "./call.ts";
import { exitCodeFor, exitCodes } from "./exit-codes.ts";
import { textOf } from "./options.ts";
import { printLine } from "./print.ts";
import { complain, reportDiagnostics } from "./report.ts";
import { readPlace } from "./router-config.ts";
import { exitCodeAfter, hearStopSignals } from "./stop-signals.ts";

const usualPort = 8080;

export async function router(words: readonly string[], options: Options): Promise<number> {
  const signals = hearStopSignals();
  const [port = String(usualPort)] = words;
  const given = { router: port, host: textOf(options, "host"), tls: textOf(options, "tls") };
  const settings = readRouterSettings(given, undefined);
  reportDiagnostics(settings.diagnostics);
  if (!settings.ok) return exitCodeFor(settings.diagnostics);
  const [folder, socket] = [makeUserFolder(), makeRouterSocketPath()];
  if ("problem" in folder || "problem" in socket || settings.value === undefined) {
    complain("problem" in folder ? folder.problem : "");
    return exitCodes.failed;
  }
  const here = { root: process.cwd(), basePort: 0, folder: folder.path };
  const place = await readPlace(settings.value, here);
  if ("problem" in place) {
    complain(place.problem);
    return exitCodes.failed;
  }
  const say = (text: string) => void printLine(text);
  try {
    await serveShared({ place, path: socket.path, say });
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return exitCodes.failed;
  }
  await printLine(
    `Serving apps that are started with --router shared, as ${place.tls ? "https" : "http"}://APP.localhost:${place.port}`,
  );
  return exitCodeAfter(await signals.heard.then(() => signals.first() ?? "SIGTERM"));
}
