/**
 * Header fields on their way through the router, as Heroku's has them. They are lists in which names
 * and values take turns, as Node and undici have them, with one character per byte.
 */

/** Who asks, and how. */
export interface Origin {
  readonly address: string;
  readonly protocol: "http" | "https";
  /** That the client has connected to. */
  readonly port: number;
}

export interface RequestHead {
  /** For the process. */
  readonly headers: readonly string[];
  readonly host: string;
  readonly requestId: string;
  /** As in `X-Forwarded-For`. */
  readonly fwd: string;
  readonly body: "none" | "sized" | "chunked";
  readonly cookie: string;
}

/** What becomes of a field of a request that is not simply passed on. */
type Treatment =
  /** Given several times, it has to say the same. */
  | "single"
  /** Given several times, it is a list. */
  | "list"
  | "cookie"
  /** It concerns nobody but the two ends of one connection, or is said anew. */
  | "dropped";

const treatments: ReadonlyMap<string, Treatment> = new Map([
  ["host", "single"],
  [":authority", "single"],
  ["content-length", "single"],
  ["transfer-encoding", "single"],
  ["x-request-id", "single"],
  ["x-forwarded-for", "list"],
  ["via", "list"],
  ["cookie", "cookie"],
  ["connection", "dropped"],
  ["keep-alive", "dropped"],
  ["proxy-connection", "dropped"],
  ["proxy-authenticate", "dropped"],
  ["proxy-authorization", "dropped"],
  ["te", "dropped"],
  ["upgrade", "dropped"],
  ["expect", "dropped"],
  ["trailer", "dropped"],
  ["http2-settings", "dropped"],
  ["x-forwarded-proto", "dropped"],
  ["x-forwarded-port", "dropped"],
  ["x-request-start", "dropped"],
]);
/** Of an answer. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

const via = "1.1 procman";
/** Heroku's rule for those that a client may choose. */
const saneId = /^[A-Za-z0-9+/=-]{20,200}$/;

interface Tools {
  newId(): string;
  /** Wall clock. */
  timeMs(): number;
}

/** Undefined for a request that could mean two things. */
export function forwardRequest(
  raw: readonly string[],
  origin: Origin,
  tools: Tools,
): RequestHead | undefined {
  const headers: string[] = [];
  const told = takeOut(raw, headers);
  const host = told?.get("host") ?? "";
  const authority = told?.get(":authority") ?? host;
  const body = told && bodyOf(told);
  if (body === undefined || (host !== "" && authority !== host)) return undefined;
  const length = told?.get("content-length");
  const cookie = told?.get("cookie") ?? "";
  const fwd = join(told?.get("x-forwarded-for"), origin.address);
  const given = told?.get("x-request-id") ?? "";
  const requestId = saneId.test(given) ? given : tools.newId();
  if (length !== undefined) headers.push("Content-Length", length);
  if (cookie !== "") headers.push("Cookie", cookie);
  headers.push("Host", authority, "X-Forwarded-For", fwd);
  headers.push("X-Forwarded-Proto", origin.protocol, "X-Forwarded-Port", String(origin.port));
  headers.push("X-Request-Id", requestId, "X-Request-Start", String(tools.timeMs()));
  headers.push("Via", join(told?.get("via"), via));
  return { headers, host: authority, requestId, fwd, body, cookie };
}

/** What is not passed on as it is; undefined when that contradicts itself. */
function takeOut(
  raw: readonly string[],
  headers: string[],
): ReadonlyMap<string, string> | undefined {
  const told = new Map<string, string>();
  const named = namedByConnection(raw);
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = raw[index + 1] ?? "";
    const lower = name.toLowerCase();
    const before = told.get(lower);
    switch (treatments.get(lower)) {
      case "single":
        if (before !== undefined && before !== value) return undefined;
        told.set(lower, value);
        break;
      case "list":
        told.set(lower, join(before, value));
        break;
      case "cookie":
        told.set(lower, join(before, value, "; "));
        break;
      case "dropped":
        break;
      case undefined:
        if (!named.includes(lower) && !lower.startsWith(":")) headers.push(name, value);
    }
  }
  return told;
}

/** Undefined when where it ends and the next request begins would be for each to guess. */
function bodyOf(told: ReadonlyMap<string, string>): RequestHead["body"] | undefined {
  const length = told.get("content-length");
  const encoding = told.get("transfer-encoding");
  if (encoding === undefined) return length === undefined || length === "0" ? "none" : "sized";
  // Another encoding than that is not for the router to take off.
  return encoding.toLowerCase() === "chunked" && length === undefined ? "chunked" : undefined;
}

/** Whether whoever asks is a browser, and shows a page. */
export function wantsPage({ headers }: RequestHead): boolean {
  return headers.some(
    (value, index) =>
      index % 2 === 1 &&
      headers[index - 1]?.toLowerCase() === "accept" &&
      value.includes("text/html"),
  );
}

/** For the client. `raw` is as undici has it. */
export function forwardResponse(raw: readonly Buffer[], mayHaveTrailers: boolean): string[] {
  const headers: string[] = [];
  let before = "";
  const named: string[] = [];
  let isChunked = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toString("latin1") ?? "";
    const value = raw[index + 1]?.toString("latin1") ?? "";
    const lower = name.toLowerCase();
    if (lower === "via") before = join(before, value);
    else if (lower === "connection") named.push(...listed(value));
    else if (lower === "transfer-encoding") isChunked = true;
    else if (!hopByHop.has(lower)) headers.push(name, value);
  }
  // Nothing can be behind what has a length.
  if (!(mayHaveTrailers && isChunked)) removeField(headers, "trailer");
  headers.push("Via", join(before, via));
  return named.length === 0 ? headers : without(headers, named);
}

/** What may stand behind a body, too. */
export function forwardTrailers(raw: readonly string[]): string[] {
  return without(raw, [...hopByHop, "content-length", "trailer"]);
}

function removeField(headers: string[], wanted: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (headers[index]?.toLowerCase() === wanted) headers.splice(index, 2);
  }
}

function without(headers: readonly string[], names: readonly string[]): string[] {
  return headers.filter((_, index) => {
    const name = headers[index - (index % 2)] ?? "";
    return !names.includes(name.toLowerCase());
  });
}

/** The fields that `Connection` says are for the next one only, too. */
function namedByConnection(raw: readonly string[]): readonly string[] {
  const named: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const value = raw[index + 1] ?? "";
    if (raw[index]?.toLowerCase() !== "connection" || plain.test(value)) continue;
    named.push(...listed(value));
  }
  return named;
}

const plain = /^(keep-alive|close)$/i;

function listed(value: string): readonly string[] {
  return value.split(",").flatMap((word) => {
    const name = word.trim().toLowerCase();
    return name === "close" || name === "keep-alive" || name === "" ? [] : [name];
  });
}

function join(before: string | undefined, value: string, between = ", "): string {
  return before ? `${before}${between}${value}` : value;
}

/** A list in which names and values take turns, two by two. */
export function pairsOf(headers: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: headers.length / 2 }, (_, index) => [
    headers[2 * index] ?? "",
    headers[2 * index + 1] ?? "",
  ]);
}
