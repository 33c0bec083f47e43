/**
 * From what children print and what procman says to all who get it: formats batches, and when one
 * of those is slow holds back the children, and only the children, of whom much is waiting there.
 */
import type { Clock } from "../core/clock.ts";
import { routerName, type Source } from "../core/log-format.ts";
import type { Notice } from "../core/notice.ts";
import { binary, type Format, ownName } from "../logs/format.ts";
import { createLineSplitter, type LineSplitter } from "../logs/line-batches.ts";
import type { Sink } from "../logs/sink.ts";
import { createPressure, type Pace, type Pressure } from "./pressure.ts";

/** Somebody who gets the lines, in a form and a wording of their own. */
export interface Outlet {
  readonly sink: Sink;
  readonly format: Format;
  /** Whether an instance's output goes there. */
  readonly isShown: (name: string) => boolean;
  /** Any number of lines, without the instance's name. */
  readonly wording: (notice: Notice) => readonly string[];
  /** Whether the router's lines go there. */
  readonly showsRouter: boolean;
  /** Called when its reader has been waited for in vain, and lines may be dropped from now on. */
  readonly onBehind: () => void;
}

export interface OutputHub {
  /** For the output of one run of an instance. */
  open(name: string, pace: Pace): LineSplitter;
  /** For what the router says of requests. */
  openRouter(pace: Pace): LineSplitter;
  /** About an instance. */
  tell(name: string, notice: Notice): void;
  /** A line about the whole. `name` is what it stands under in the log. */
  say(text: string, name?: string): void;
  /** About the reader of one outlet, to all others. */
  sayOf(outlet: Outlet, text: string): void;
}

interface Reader extends Outlet {
  readonly pressure: Pressure;
}

export interface OutputHubOptions {
  readonly outlets: readonly Outlet[];
  readonly clock: Clock;
  /** Wall clock. */
  readonly timeMs: () => number;
}

export function createOutputHub({ outlets, clock, timeMs }: OutputHubOptions): OutputHub {
  const readers: readonly Reader[] = outlets.map((outlet) => ({
    ...outlet,
    pressure: createPressure(outlet.sink, clock, outlet.onBehind),
  }));

  function write({ sink, format }: Outlet, name: string, lines: readonly string[]): void {
    if (lines.length > 0) sink.write(formatOwn(format, name, lines, timeMs()));
  }

  function open(source: Source, name: string, to: readonly Reader[], pace: Pace): LineSplitter {
    if (to.length === 0) return unseen;
    let holds = 0;
    const all: Pace = {
      hold() {
        holds += 1;
        if (holds > 1) return;
        lines.pause();
        pace.hold();
      },
      flow() {
        holds -= 1;
        if (holds > 0) return;
        lines.resume();
        pace.flow();
      },
    };
    const shown = to.map(({ format, pressure }) => ({ format, write: pressure.share(all) }));
    const lines = createLineSplitter((batch) => {
      const now = timeMs();
      for (const { format, write } of shown) write(format({ source, name, timeMs: now, batch }));
    }, clock);
    return lines;
  }

  return {
    open: (name, pace) =>
      open(
        "app",
        name,
        readers.filter(({ isShown }) => isShown(name)),
        pace,
      ),
    openRouter: (pace) =>
      open(
        "router",
        routerName,
        readers.filter(({ showsRouter }) => showsRouter),
        pace,
      ),
    tell(name, notice) {
      for (const outlet of outlets) write(outlet, name, outlet.wording(notice));
    },
    say(text, name = ownName) {
      for (const outlet of outlets) write(outlet, name, [text]);
    },
    sayOf(outlet, text) {
      for (const other of outlets) if (other !== outlet) write(other, ownName, [text]);
    },
  };
}

const unseen: LineSplitter = { push() {}, pause() {}, resume() {}, end() {} };

/** Lines of procman's own. */
export function formatOwn(
  format: Format,
  name: string,
  lines: readonly string[],
  timeMs: number,
): string {
  const batch = { text: binary(`${lines.join("\n")}\n`), isContinued: false };
  return format({ source: "procman", name, timeMs, batch });
}
