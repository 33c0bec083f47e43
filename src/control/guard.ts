/**
 * Who may ask over TCP, where everybody on the machine can connect, and every web page that a
 * browser shows: whoever has the token, and names this machine and nothing that resolves to it.
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { failure, type JsonReply } from "./reply.ts";

export interface Credentials {
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

/** Undefined when it may pass. */
export function findObjection(
  { host, authorization }: Credentials,
  { port, token }: { readonly port: number; readonly token: string },
  isTokenNeeded: boolean,
): JsonReply | undefined {
  const hosts = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`);
  if (!hosts.includes(host?.toLowerCase() ?? "")) {
    return failure("forbidden", `Only ${hosts.join(", ")} may be the Host of a request`);
  }
  if (!isTokenNeeded || isSame(tokenOf(authorization), token)) return undefined;
  const where = "it is in the file that procman start --api has named";
  return {
    ...failure("unauthorized", `No or a wrong token; send it as a bearer token: ${where}`),
    headers: { "WWW-Authenticate": "Bearer" },
  };
}

/** `Bearer TOKEN`, or as the password of `Basic`, which is how Heroku's older clients send it. */
function tokenOf(authorization = ""): string {
  const [, scheme = "", value = ""] = /^(bearer|basic) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== "basic") return value;
  return Buffer.from(value, "base64")
    .toString()
    .replace(/^[^:]*:/s, "");
}

function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
