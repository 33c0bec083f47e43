/**
 * From what children print and what procman says to the one reader in front: formats batches, and
 * when the reader is slow holds back those, and only those, of whom much is waiting.
 */
import type { Clock } from "../core/clock.ts";
import { describeNotice, type Notice } from "../core/notice.ts";
import { binary, type Format, ownName } from "../logs/format.ts";
import { createLineSplitter, type LineSplitter } from "../logs/line-batches.ts";
import type { Sink } from "../logs/sink.ts";

export interface OutputHub {
  /** For the output of one run of an instance. */
  open(name: string, pace: Pace): LineSplitter;
  /** A line about an instance. */
  tell(name: string, notice: Notice): void;
  /** A line about the whole. */
  say(text: string): void;
  /** To be called when the sink has dropped something and has room again. */
  onGapOver(): void;
}

/** How a writer is made to wait, and to go on. */
export interface Pace {
  hold(): void;
  flow(): void;
}

/** Of one instance. It is held above the first, and goes on below the second. */
const holdBytes = 2 ** 18;
const flowBytes = 2 ** 17;

export interface OutputHubOptions {
  readonly sink: Sink;
  readonly format: Format;
  readonly clock: Clock;
  /** Wall clock. */
  readonly timeMs: () => number;
  /** Whether an instance's output is shown. */
  readonly isShown: (name: string) => boolean;
}

export function createOutputHub(options: OutputHubOptions): OutputHub {
  const { sink, format, clock, timeMs, isShown } = options;

  function sayAbout(name: string, text: string): void {
    const batch = { text: binary(`${text}\n`), isContinued: false };
    sink.write(format({ source: "procman", name, timeMs: timeMs(), batch }));
  }

  return {
    open(name, pace) {
      if (!isShown(name)) return unseen;
      let waitingBytes = 0;
      let isHeld = false;
      const lines = createLineSplitter((batch) => {
        const text = format({ source: "app", name, timeMs: timeMs(), batch });
        waitingBytes += text.length;
        sink.write(text, () => {
          waitingBytes -= text.length;
          if (isHeld && waitingBytes <= flowBytes) flow();
        });
        if (!isHeld && waitingBytes > holdBytes) hold();
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
      return lines;
    },
    tell(name, notice) {
      sayAbout(name, describeNotice(notice));
    },
    say(text) {
      sayAbout(ownName, text);
    },
    onGapOver() {
      const { lines, bytes } = sink.takeDropped();
      if (lines > 0) sayAbout(ownName, describeDropped(lines, bytes));
    },
  };
}

const unseen: LineSplitter = { push() {}, pause() {}, resume() {}, end() {} };

export function describeDropped(lines: number, bytes: number): string {
  return `${lines} lines (${bytes} bytes) are missing here: nobody took this output in time`;
}
