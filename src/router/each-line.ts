/** Bytes → lines. An error of the input is for who has opened it. */
import type { Readable } from "node:stream";

/** Without the newline; what is left at the end without one is none. */
export function eachLine(input: Readable, onLine: (line: string) => void): void {
  let rest = "";
  input.setEncoding("utf8");
  input.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
}
