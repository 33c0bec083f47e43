/** What procman and its router tell each other: one JSON value a line. */
import type { Route, RouteTable } from "../core/routes.ts";

/** The first word on the command line of the router's process. No option has dashes in its name. */
export const routerMark = "--router-process";

export interface RouterConfig {
  readonly port: number;
  /** Addresses to listen on. */
  readonly hosts: readonly string[];
  /** In PEM. */
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  readonly isSticky: boolean;
  /** From the end of a request to the first of its answer. */
  readonly timeoutMs: number;
}

export type ToRouter =
  /** Once, and first. */
  | { readonly do: "listen"; readonly config: RouterConfig }
  | { readonly do: "follow"; readonly table: RouteTable }
  /** It gets no more requests; answered by `drained` when it has none left. */
  | { readonly do: "drain"; readonly route: Route };

export type FromRouter =
  | { readonly is: "listening" }
  | { readonly is: "failed"; readonly reason: string }
  | { readonly is: "drained"; readonly route: Route };
