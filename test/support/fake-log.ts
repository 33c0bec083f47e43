import type { LogSource } from "../../src/control/log-stream.ts";
import type { LogQuery } from "../../src/core/log-query.ts";

/** A log in memory. Positions are numbers of lines; a piece is all there is. */
export interface FakeLog extends LogSource {
  /** Lines as they stand in the log, without their newline. */
  add(...lines: readonly string[]): void;
  /** Positions before this one are not in the log any more. */
  forget(lines: number): void;
  /** Asked for, so far. */
  readonly queries: readonly LogQuery[];
  /** How many follow. */
  followers(): number;
}

/** `2026-11-21T14:32:01.123456+00:00 app[web.1]: text` */
export function logLine(name: string, text: string, source = "app"): string {
  return `2026-11-21T14:32:01.123456+00:00 ${source}[${name}]: ${text}`;
}

export function createFakeLog(): FakeLog {
  const all: string[] = [];
  const queries: LogQuery[] = [];
  const wakers = new Set<() => void>();
  let oldest = 0;
  let followers = 0;

  const textOf = (lines: readonly string[], query: LogQuery) =>
    lines
      .filter((line) => isWanted(line, query))
      .map((line) => `${line}\n`)
      .join("");

  return {
    add(...lines) {
      all.push(...lines);
      for (const wake of wakers) wake();
    },
    forget(lines) {
      oldest = lines;
    },
    queries,
    followers: () => followers,
    history(query, lines) {
      queries.push(query);
      const wanted = all.filter((line) => isWanted(line, query));
      const last = lines === 0 ? [] : wanted.slice(-lines);
      return Promise.resolve({ text: textOf(last, query), position: `${all.length}` });
    },
    async *follow(query, position, givenUp) {
      let at = Number(position);
      if (!/^[0-9]+$/.test(position) || at > all.length || at < oldest) {
        throw new RangeError(`no position: ${position}`);
      }
      followers += 1;
      try {
        while (!givenUp.aborted) {
          const text = textOf(all.slice(at), query);
          at = all.length;
          if (text !== "") yield { text, position: `${at}` };
          else await nextChange(givenUp);
        }
      } finally {
        followers -= 1;
      }
    },
  };

  function nextChange(givenUp: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        wakers.delete(wake);
        givenUp.removeEventListener("abort", wake);
        resolve();
      };
      wakers.add(wake);
      givenUp.addEventListener("abort", wake);
    });
  }
}

function isWanted(line: string, { types, names, source }: LogQuery): boolean {
  const [, from = "", name = ""] = /^\S+ (\w+)\[([^\]]+)\]/.exec(line) ?? [];
  const isFrom = source === undefined || (source === "system" ? from !== "app" : from === source);
  const isOf = types.includes(name.replace(/\.\d+$/, "")) || names.includes(name);
  return isFrom && (isOf || (types.length === 0 && names.length === 0));
}
