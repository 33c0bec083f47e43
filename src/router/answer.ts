/** What a client is answered, whichever HTTP it speaks. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Http2ServerResponse, OutgoingHttpHeaders } from "node:http2";
import { pairsOf } from "./headers.ts";

/** Header fields are lists in which names and values take turns. */
export interface Answer {
  /** The client may send its body. */
  proceed(): void;
  /** An answer before the answer, as with status 103. */
  inform(status: number, headers: readonly string[]): void;
  begin(status: number, statusText: string, headers: readonly string[]): void;
  /** False when the next piece had better wait for `onDrain`. */
  write(piece: Buffer): boolean;
  onDrain(act: () => void): void;
  /** Trailers that the client cannot take are left out. */
  end(trailers: readonly string[]): void;
  /** The client must see that something is missing. */
  breakOff(): void;
  /** Whether there can be trailers. */
  readonly mayHaveTrailers: boolean;
}

export function answerByHttp1(response: ServerResponse): Answer {
  response.sendDate = false;
  const mayHaveTrailers = response.req.httpVersion === "1.1";
  /** Than the head. */
  let hasMore = false;
  return {
    mayHaveTrailers,
    proceed: () => response.writeContinue(),
    inform(status, headers) {
      if (status !== 103 || !mayHaveTrailers) return;
      // The only one that Node can write; whoever sends another one knows what comes of it.
      hint(response, headers);
    },
    begin(status, statusText, headers) {
      response.writeHead(status, statusText || STATUS_CODES[status] || "", headers as string[]);
      // With what comes at once, or alone: there may be nothing to send for long.
      process.nextTick(() => {
        if (!hasMore) response.flushHeaders();
      });
    },
    write(piece) {
      hasMore = true;
      return response.write(piece);
    },
    onDrain: (act) => response.once("drain", act),
    end(trailers) {
      hasMore = true;
      if (trailers.length > 0 && mayHaveTrailers) response.addTrailers(pairsOf(trailers));
      response.end();
    },
    breakOff: () => response.destroy(),
  };
}

export function answerByHttp2(response: Http2ServerResponse): Answer {
  response.sendDate = false;
  return {
    mayHaveTrailers: true,
    proceed: () => response.writeContinue(),
    inform(status, headers) {
      if (status === 103) hint(response, headers);
    },
    begin(status, _statusText, headers) {
      response.writeHead(status, recordOf(headers));
    },
    write: (piece) => response.write(piece),
    onDrain: (act) => response.once("drain", act),
    end(trailers) {
      if (trailers.length > 0) response.addTrailers(recordOf(trailers));
      response.end();
    },
    breakOff: () => response.stream?.close(internalError),
  };
}

/** Node takes one link at a time, and not all that are allowed. Without one there is no harm. */
function hint(response: ServerResponse | Http2ServerResponse, headers: readonly string[]): void {
  const link = valuesOf(headers, "link").flatMap((value) => value.split(/,\s*(?=<)/));
  if (link.length === 0) return;
  try {
    response.writeEarlyHints({ link });
  } catch {}
}

/** HTTP/2's code for it. */
const internalError = 2;

function valuesOf(headers: readonly string[], wanted: string): string[] {
  return pairsOf(headers).flatMap(([name, value]) =>
    name.toLowerCase() === wanted ? [value] : [],
  );
}

function recordOf(headers: readonly string[]): OutgoingHttpHeaders {
  const record: { [name: string]: string } = {};
  for (const [name, value] of pairsOf(headers)) {
    const lower = name.toLowerCase();
    // It has no such thing.
    if (lower === "connection") continue;
    const before = record[lower];
    // Which means the same, and of many names Node takes one only.
    record[lower] = before === undefined ? value : `${before}, ${value}`;
  }
  return { ...record, "set-cookie": valuesOf(headers, "set-cookie") };
}
