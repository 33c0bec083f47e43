/** Prints what a command has to say on stdout, where only data goes. */
import { Buffer } from "node:buffer";
import { writeSync } from "node:fs";

/** A line. Nothing when nobody reads any more. */
export function printLine(text: string): Promise<void> {
  return print(`${text}\n`);
}

export async function print(text: string): Promise<void> {
  try {
    await writeAtOnce(Buffer.from(text).toString("latin1"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  }
}

export type Write = (text: string) => Promise<void>;

/** For who must hear Ctrl-C also while nobody reads. Takes binary strings, as the next. */
export async function writeInTime(): Promise<Write> {
  const { openWriter } = await import("../logs/writer.ts");
  const { write } = openWriter(1);
  return (text) => write(Buffer.from(text, "latin1"));
}

/** Waits for the reader, and loads nothing: what else can wait takes long to be loaded. */
export async function writeAtOnce(text: string): Promise<void> {
  const bytes = Buffer.from(text, "latin1");
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch (error) {
    const isFull = error instanceof Error && "code" in error && error.code === "EAGAIN";
    if (!isFull) throw error;
    // Whoever shares the output has made it one that cannot be waited for in this way.
    const write = await writeInTime();
    await write(text.slice(written));
  }
}
