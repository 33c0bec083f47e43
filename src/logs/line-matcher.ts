/** Looks for lines that match a pattern in what a process prints, chunk by chunk. */
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

export interface LineMatcher {
  push(bytes: Buffer): void;
  /** Once there has been one. */
  readonly matched: Promise<void>;
  /** Whether there has been one since the last call. */
  take(): boolean;
}

/** Of a line. A pattern may take very long over more. */
const maxLength = 4 * 2 ** 10;

/** Colours are not part of a line. */
export function createLineMatcher(pattern: RegExp): LineMatcher {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let isMatched = false;
  let onMatched = () => {};
  const matched = new Promise<void>((resolve) => {
    onMatched = resolve;
  });
  return {
    push(bytes) {
      if (isMatched) return;
      const lines = (rest + decoder.write(bytes)).split("\n");
      rest = (lines.pop() ?? "").slice(0, maxLength);
      isMatched = lines.some((line) => matches(pattern, line));
      if (isMatched) onMatched();
    },
    matched,
    take() {
      const was = isMatched;
      isMatched = false;
      return was;
    },
  };
}

function matches(pattern: RegExp, line: string): boolean {
  const shown = stripVTControlCharacters(line.slice(0, maxLength)).replace(/\r$/, "");
  return pattern.test(shown);
}
