/**
 * From what children print and what procman says to the one reader in front: formats batches, and
 * asks for less when the reader is slow.
 */
import type { Clock } from "../core/clock.ts";
import type { Source } from "../core/log-format.ts";
import { describeNotice, type Notice } from "../core/notice.ts";
import { binary, type Format, ownName } from "../logs/format.ts";
import { type Batch, createLineSplitter, type LineSplitter } from "../logs/line-batches.ts";
import type { Sink } from "../logs/sink.ts";

export interface OutputHub {
  /** For the output of one run of an instance. */
  open(name: string): LineSplitter;
  /** A line about an instance. */
  tell(name: string, notice: Notice): void;
  /** A line about the whole. */
  say(text: string): void;
  isFull(): boolean;
  /** To be called when the sink has room again. */
  onRoom(): void;
}

export interface OutputHubOptions {
  readonly sink: Sink;
  readonly format: Format;
  readonly clock: Clock;
  /** Wall clock. */
  readonly timeMs: () => number;
  /** Whether an instance's output is shown. */
  readonly isShown: (name: string) => boolean;
  /** `isFull` has become true, or false again. */
  readonly onPace: (pace: "hold" | "flow") => void;
}

export function createOutputHub(options: OutputHubOptions): OutputHub {
  const { sink, format, clock, timeMs, isShown, onPace } = options;

  function write(source: Source, name: string, batch: Batch): void {
    const wasFull = sink.isFull();
    sink.write(format({ source, name, timeMs: timeMs(), batch }));
    if (!wasFull && sink.isFull()) onPace("hold");
  }

  function sayAbout(name: string, text: string): void {
    write("procman", name, { text: binary(`${text}\n`), isContinued: false });
  }

  return {
    open(name) {
      if (!isShown(name)) return { push() {}, end() {} };
      return createLineSplitter((batch) => write("app", name, batch), clock);
    },
    tell(name, notice) {
      sayAbout(name, describeNotice(notice));
    },
    say(text) {
      sayAbout(ownName, text);
    },
    isFull: () => sink.isFull(),
    onRoom() {
      const { lines, bytes } = sink.takeDropped();
      if (lines > 0) sayAbout(ownName, describeDropped(lines, bytes));
      onPace("flow");
    },
  };
}

export function describeDropped(lines: number, bytes: number): string {
  return `${lines} lines (${bytes} bytes) are missing here: nobody took this output in time`;
}
