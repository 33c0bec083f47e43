/**
 * Log sessions: which lines somebody wants, under a key that nobody can guess. Who has the key may
 * read them, as long as the session lives.
 */
import { randomBytes } from "node:crypto";
import type { LogQuery } from "../core/log-query.ts";

export interface LogRequest {
  readonly query: LogQuery;
  /** Of what there is already, at the most so many lines. */
  readonly lines: number;
  /** And then what comes. */
  readonly tail: boolean;
}

export interface LogSession {
  readonly request: LogRequest;
  /** Somebody reads, until the returned function is called. */
  enter(): () => void;
  /** All has been read. */
  end(): void;
}

export interface LogSessions {
  /** The key of a new one. Undefined when there are too many. */
  open(request: LogRequest): string | undefined;
  find(key: string): LogSession | undefined;
}

const maxSessions = 256;
/** A reader whose connection was cut may come back. */
const unreadMs = 5 * 60_000;

/** What nobody reads any more is forgotten when the next one is opened or looked for. */
export function createLogSessions(nowMs: () => number): LogSessions {
  const entries = new Map<
    string,
    { readonly session: LogSession; readonly isOver: () => boolean }
  >();

  function forgetOld(): void {
    for (const [key, { isOver }] of entries) if (isOver()) entries.delete(key);
  }

  return {
    open(request) {
      forgetOld();
      if (entries.size >= maxSessions) return undefined;
      const key = randomBytes(24).toString("base64url");
      let readers = 0;
      let leftMs = nowMs();
      const session: LogSession = {
        request,
        enter() {
          readers += 1;
          return () => {
            readers -= 1;
            leftMs = nowMs();
          };
        },
        end: () => entries.delete(key),
      };
      entries.set(key, { session, isOver: () => readers === 0 && nowMs() - leftMs > unreadMs });
      return key;
    },
    find(key) {
      forgetOld();
      return entries.get(key)?.session;
    },
  };
}
