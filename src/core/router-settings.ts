/** How the router is to listen and to behave: what the command line says, above procman.yml. */
import { type Diagnostic, type Result, resultOf } from "./diagnostic.ts";
import { readPortNumber } from "./settings.ts";
import type { AppSettings } from "./settings-schema.ts";
import { quote } from "./text-file.ts";

export interface RouterSettings {
  /** It is one that several apps share: where that listens is not for this app to say. */
  readonly isShared: boolean;
  /** Undefined: right below the first port of web. */
  readonly port: number | undefined;
  /** Addresses of this machine. */
  readonly hosts: readonly string[];
  readonly tls: RouterTls;
  /** Whether a client comes back to the process that it came to first. */
  readonly isSticky: boolean;
  /** From the end of a request to the first of its answer. */
  readonly timeoutMs: number;
  /** What requests in flight get before their process is stopped. */
  readonly drainMs: number;
}

export type RouterTls =
  | { readonly is: "none" | "self-made" }
  /** Paths of PEM files, seen from `from`. */
  | {
      readonly is: "given";
      readonly cert: string;
      readonly key: string;
      readonly from: "cwd" | "root";
    };

/** What stands behind the options; `on` where nothing does. */
export interface GivenRouter {
  readonly router?: string | undefined;
  readonly host?: string | undefined;
  readonly tls?: string | undefined;
}

/** Behind an option that needs no value. */
export const bareValue = "on";

export const sharedValue = "shared";

const defaultTimeoutMs = 30_000;
const defaultDrainMs = 10_000;
/** Both, as browsers and tools try the one or the other for `localhost`. */
const loopback = ["127.0.0.1", "::1"];

export function portOfRouter({ port }: RouterSettings, basePort: number): number {
  return port ?? basePort - 1;
}

/** Undefined where nobody wants one. */
export function readRouterSettings(
  given: GivenRouter,
  values: AppSettings["router"],
): Result<RouterSettings | undefined> {
  const { router: asked, host = values?.host, tls: askedTls } = given;
  const isWanted = [asked, given.host, askedTls, values].some((one) => one !== undefined);
  if (!isWanted) return resultOf(undefined, []);
  const isShared = asked === undefined ? (values?.shared ?? false) : asked === sharedValue;
  const isAsked = asked !== undefined && asked !== bareValue && asked !== sharedValue;
  const port = isAsked ? readPortNumber(asked) : values?.port;
  const tls = tlsOf(askedTls, values);
  const hosts = host?.split(",").map((name) => name.trim());
  const problems = [
    ...(isAsked && port === undefined
      ? [problemOf("router", asked, "a port from 1 to 65535, or shared")]
      : []),
    ...(tls === undefined ? [problemOf("router-tls", askedTls, "CERT,KEY")] : []),
    ...(hosts?.includes("") ? [problemOf("router-host", host, "an address, or several")] : []),
    ...((values?.cert === undefined) === (values?.key === undefined) ? [] : [halfPair]),
  ];
  const settings: RouterSettings = {
    isShared,
    port,
    hosts: hosts ?? loopback,
    tls: tls ?? { is: "none" },
    ...behaviourOf(values),
  };
  return resultOf(settings, problems);
}

function behaviourOf({
  sticky = false,
  timeout = defaultTimeoutMs,
  drain = defaultDrainMs,
}: AppSettings["router"] = {}): Pick<RouterSettings, "isSticky" | "timeoutMs" | "drainMs"> {
  return { isSticky: sticky, timeoutMs: timeout, drainMs: drain };
}

const halfPair: Diagnostic = {
  severity: "error",
  file: "procman.yml",
  message: "a certificate of the router needs its key, and a key its certificate",
  hint: "give both cert and key under router, or neither",
};

function problemOf(option: string, value: string | undefined, want: string): Diagnostic {
  const message = `${quote(value ?? "")} is not ${want}`;
  return { severity: "error", file: `--${option}`, message };
}

function tlsOf(given: string | undefined, values: AppSettings["router"]): RouterTls | undefined {
  if (given !== undefined && given !== bareValue) {
    const [cert = "", key = "", ...others] = given.split(",").map((path) => path.trim());
    if (cert === "" || key === "" || others.length > 0) return undefined;
    return { is: "given", cert, key, from: "cwd" };
  }
  const { cert, key, tls = false } = values ?? {};
  if (cert !== undefined && key !== undefined) return { is: "given", cert, key, from: "root" };
  return { is: given === bareValue || tls ? "self-made" : "none" };
}
