/** How it is found out whether a process does what it is for: what is asked, and how often. */

/** Texts may hold variables of the process's environment, as `$PORT`. */
export type Check =
  /** A path on its own port, or a URL; any answer below 400 will do. */
  | { readonly is: "http"; readonly url: string }
  /** A port of this machine, or `HOST:PORT`: it takes a connection. */
  | { readonly is: "tcp"; readonly address: string }
  /** It has printed a line that matches. */
  | { readonly is: "log"; readonly pattern: RegExp }
  /** It exits with code 0. */
  | { readonly is: "command"; readonly command: string };

/** Asked until it is ready. */
export interface ReadyProbe {
  readonly check: Check;
  /** Not ready by then, it is unhealthy. */
  readonly timeoutMs: number;
  /** Undefined: as `pauseMs` has it. */
  readonly intervalMs: number | undefined;
}

/** Asked from when it is up, for ever. */
export interface LiveProbe {
  readonly check: Check;
  readonly intervalMs: number;
  /** For one answer. */
  readonly timeoutMs: number;
  /** So many in a row, and it is unhealthy. */
  readonly failures: number;
}

const firstPauseMs = 15;
const longestPauseMs = 400;

/**
 * Until it is asked again whether it is ready, without an interval of its own. The pause is a share
 * of the time that has passed: whoever has been waited for so long is waited for a little longer.
 * Others may wait for who has a setting; and a command costs more than a connection.
 */
export function pauseMs(passedMs: number, check: Check | undefined): number {
  const share = check === undefined || check.is === "command" ? 0.1 : 0.003;
  return Math.min(longestPauseMs, Math.max(firstPauseMs, passedMs * share));
}

/** With `$NAME` and `${NAME}` replaced; what is not set is empty, as in a shell. */
export function fillIn(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g,
    (_, name: string | undefined, braced: string | undefined) =>
      variables.get(name ?? braced ?? "") ?? "",
  );
}

export type Address =
  | { readonly is: "address"; readonly host: string | undefined; readonly port: number }
  | { readonly is: "wrong" };

/** `5432`, `localhost:5432`, `[::1]:5432`; without a host it is any of this machine's own. */
export function readAddress(text: string): Address {
  const [, host, digits = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (digits === "" || port < 1 || port > 65_535) return { is: "wrong" };
  return { is: "address", host: host?.replace(/^\[(.*)\]$/, "$1"), port };
}

/** The whole URL; undefined when it is none. A path is seen from the process's own port. */
export function readUrl(text: string, port: number | undefined): URL | undefined {
  const whole = text.startsWith("/") ? `http://localhost:${port ?? ""}${text}` : text;
  if (text.startsWith("/") && port === undefined) return undefined;
  try {
    const url = new URL(whole);
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch {
    return undefined;
  }
}
