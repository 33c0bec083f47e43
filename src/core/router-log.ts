/** The line that the router writes about a request, as Heroku's router does. */
import { type RouterErrorCode, routerErrors } from "./router-error.ts";

/** A request that is over. Texts are as the client sent them, one character per byte. */
export interface RoutedRequest {
  readonly error: RouterErrorCode | undefined;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly requestId: string;
  /** The addresses it came by, as in `X-Forwarded-For`. */
  readonly fwd: string;
  /** The instance that it went to last; empty when it came to none. */
  readonly instance: string;
  /** Undefined when there was no connection, and so no service. */
  readonly connectMs: number | undefined;
  readonly serviceMs: number | undefined;
  readonly status: number;
  /** Of the body that the client was sent. */
  readonly bytes: number;
  readonly protocol: "http" | "https";
}

/** Without its newline, and with nothing in it that could be taken for another field or line. */
export function formatRouted(request: RoutedRequest): string {
  const { error, connectMs, serviceMs } = request;
  const at =
    error === undefined ? "at=info" : `at=error code=${error} desc="${routerErrors[error].desc}"`;
  return `${at} method=${request.method} path="${quoted(request.path)}" host=${bare(request.host)} request_id=${request.requestId} fwd="${quoted(request.fwd)}" dyno=${request.instance} connect=${milliseconds(connectMs)} service=${milliseconds(serviceMs)} status=${request.status} bytes=${request.bytes} protocol=${request.protocol}`;
}

function milliseconds(durationMs: number | undefined): string {
  return durationMs === undefined ? "" : `${Math.round(durationMs)}ms`;
}

/** Between quotes. */
function quoted(text: string): string {
  return percentEncode(text, /[^\x20\x21\x23-\x7e]/g);
}

function bare(text: string): string {
  return percentEncode(text, /[^\x21\x23-\x7e]/g);
}

/** As in a URL. */
function percentEncode(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
    return `%${code}`;
  });
}
