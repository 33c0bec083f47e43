/** Where `start --api` serves the control API besides its socket. */
import type { Options } from "./call.ts";
import { textOf } from "./options.ts";

export interface ApiAddress {
  readonly host: "127.0.0.1" | "localhost" | "::1";
  /** 0 for one that is free. */
  readonly port: number;
}

/** Undefined when it is not asked for. Only this machine can be: what runs here is its user's. */
export function readApiAddress(options: Options): ApiAddress | "invalid" | undefined {
  const text = textOf(options, "api");
  if (text === undefined) return undefined;
  const [, name = "", digits = ""] =
    /^(127\.0\.0\.1|localhost|\[::1\]|::1):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (name === "" || port > 65_535) return "invalid";
  if (name === "localhost" || name === "127.0.0.1") return { host: name, port };
  return { host: "::1", port };
}
