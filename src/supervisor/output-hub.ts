/**
 * From what children print and what procman says to all who get it: formats batches, and when one
 * of those is slow holds back the children, and only the children, of whom much is waiting.
 */
import type { Clock } from "../core/clock.ts";
import type { Notice } from "../core/notice.ts";
import { binary, type Format, ownName } from "../logs/format.ts";
import { createLineSplitter, type LineSplitter } from "../logs/line-batches.ts";
import type { Sink } from "../logs/sink.ts";

/** Somebody who gets the lines, in a form and a wording of their own. */
export interface Outlet {
  readonly sink: Sink;
  readonly format: Format;
  /** Whether an instance's output goes there. */
  readonly isShown: (name: string) => boolean;
  /** Any number of lines, without the instance's name. */
  readonly wording: (notice: Notice) => readonly string[];
}

export interface OutputHub {
  /** For the output of one run of an instance. */
  open(name: string, pace: Pace): LineSplitter;
  /** About an instance. */
  tell(name: string, notice: Notice): void;
  /** A line about the whole. `name` is what it stands under in the log. */
  say(text: string, name?: string): void;
  /** To be called when an outlet's sink has dropped something and has room again. */
  onGapOver(outlet: Outlet): void;
}

/** How a writer is made to wait, and to go on. */
export interface Pace {
  hold(): void;
  flow(): void;
}

/**
 * Of one instance. It is held above the first, and goes on below the second: but nobody is held as
 * long as there is room for all. A child in Node that has to wait, and exits before it could go on,
 * loses what it had not written.
 */
const holdBytes = 2 ** 18;
const flowBytes = 2 ** 17;
/** Of all together. */
const roomBytes = 2 ** 22;

export interface OutputHubOptions {
  readonly outlets: readonly Outlet[];
  readonly clock: Clock;
  /** Wall clock. */
  readonly timeMs: () => number;
}

export function createOutputHub({ outlets, clock, timeMs }: OutputHubOptions): OutputHub {
  let allWaitingBytes = 0;

  function write({ sink, format }: Outlet, name: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    const batch = { text: binary(`${lines.join("\n")}\n`), isContinued: false };
    sink.write(format({ source: "procman", name, timeMs: timeMs(), batch }));
  }

  return {
    open(name, pace) {
      const shown = outlets.filter(({ isShown }) => isShown(name));
      let waitingBytes = 0;
      let isHeld = false;
      const lines = createLineSplitter((batch) => {
        const now = timeMs();
        for (const { sink, format } of shown) {
          const text = format({ source: "app", name, timeMs: now, batch });
          waitingBytes += text.length;
          allWaitingBytes += text.length;
          sink.write(text, () => {
            waitingBytes -= text.length;
            allWaitingBytes -= text.length;
            if (isHeld && waitingBytes <= flowBytes) flow();
          });
        }
        if (!isHeld && waitingBytes > holdBytes && allWaitingBytes > roomBytes) hold();
      }, clock);
      const hold = () => {
        isHeld = true;
        lines.pause();
        pace.hold();
      };
      const flow = () => {
        isHeld = false;
        lines.resume();
        pace.flow();
      };
      return shown.length === 0 ? unseen : lines;
    },
    tell(name, notice) {
      for (const outlet of outlets) write(outlet, name, outlet.wording(notice));
    },
    say(text, name = ownName) {
      for (const outlet of outlets) write(outlet, name, [text]);
    },
    onGapOver(outlet) {
      const { lines, bytes } = outlet.sink.takeDropped();
      if (lines > 0) write(outlet, ownName, [describeDropped(lines, bytes)]);
    },
  };
}

const unseen: LineSplitter = { push() {}, pause() {}, resume() {}, end() {} };

export function describeDropped(lines: number, bytes: number): string {
  return `${lines} lines (${bytes} bytes) are missing here: nobody took this output in time`;
}
