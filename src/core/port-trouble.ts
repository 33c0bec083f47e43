/** Why a process may not get the port that is meant for it, as people are told. */

export interface PortHolder {
  /** Undefined when it cannot be seen, as of another user's process. */
  readonly pid: number | undefined;
  /** As it was started, with blanks or NULs between the words; empty when that is not known. */
  readonly command: string;
  /** `marc`, or `uid 1000` when that has no name; undefined when nobody can tell. */
  readonly user: string | undefined;
}

export type PortTrouble =
  | { readonly is: "held"; readonly port: number; readonly holder: PortHolder }
  /** Nobody holds it. Connections that were closed on it keep out who does not set SO_REUSEADDR. */
  | { readonly is: "time-wait"; readonly port: number; readonly leftMs: number };

/** `node (pid 431, user marc, "node index.js")`. */
export function describeHolder({ pid, command, user }: PortHolder, port: number): string {
  const program = programOf(command);
  const line = shorten(command);
  const title = titleOf(program, port);
  const details = [
    title === program ? undefined : program,
    pid === undefined ? "pid out of sight" : `pid ${pid}`,
    user === undefined ? undefined : userOf(user),
    line === program || title !== program ? undefined : `"${line}"`,
  ].filter((detail) => detail !== undefined && detail !== "");
  return `${title || "a process"} (${details.join(", ")})`;
}

/** What to do to have the port. */
export function remedyFor({ command, pid, user }: PortHolder, port: number): string {
  const program = programOf(command);
  if (isAirPlay(program, port)) {
    return 'turn "AirPlay Receiver" off in System Settings > General > AirDrop & Handoff';
  }
  const client = containerClient(program);
  if (client === "docker") return `find it with docker ps --filter publish=${port}, and stop it`;
  if (client !== undefined) return `find it with ${client} ps, and stop it`;
  if (pid !== undefined) return "stop it";
  // Where there is no /proc, nothing is known of it at all.
  return user === undefined
    ? `find it with sudo lsof -nP -iTCP:${port}`
    : `find it with sudo ss -ltnp "sport = :${port}"`;
}

function titleOf(program: string, port: number): string {
  if (isAirPlay(program, port)) return "the AirPlay Receiver of macOS";
  return containerClient(program) === undefined ? program : "a container";
}

function userOf(user: string): string {
  return user.startsWith("uid ") ? user : `user ${user}`;
}

const airPlayPorts: readonly number[] = [5000, 7000];

/** By the first letters: lsof has room for nine. */
function isAirPlay(program: string, port: number): boolean {
  return airPlayPorts.includes(port) && /^(ControlCe|AirPlay)/.test(program);
}

/** Who can tell what is behind a program that holds the ports of containers. */
function containerClient(program: string): string | undefined {
  if (/^(docker-proxy|com\.docker|rootlesskit|vpnkit)/.test(program)) return "docker";
  return /^(rootlessport|conmon|gvproxy)/.test(program) ? "podman" : undefined;
}

/** `node` of `/usr/bin/node index.js`. A path with blanks is known by the NUL behind it. */
function programOf(command: string): string {
  const [first = ""] = command.includes("\0") ? command.split("\0") : command.split(" ");
  const path = first.startsWith("/") ? first : (first.split(" ")[0] ?? "");
  return oneLine(path.slice(path.lastIndexOf("/") + 1)).replace(/:$/, "");
}

const maxLength = 60;

function shorten(command: string): string {
  const line = oneLine(command);
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}

/** Whatever a process was given: NULs stand between the words of /proc. */
function oneLine(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, " ").trim();
}

/** As part of a sentence about a process that may have failed for it. */
export function describePortTrouble(trouble: PortTrouble): string {
  switch (trouble.is) {
    case "held":
      return `port ${trouble.port} is held by ${describeHolder(trouble.holder, trouble.port)}`;
    case "time-wait":
      return `port ${trouble.port} is in TIME_WAIT for ${Math.ceil(trouble.leftMs / 1_000)} s more, which keeps out a server that does not set SO_REUSEADDR`;
  }
}
