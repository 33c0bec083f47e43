/** What an app and a router that several share tell each other: one JSON value a line. */
import type { Route, RouteTable } from "../core/routes.ts";

export type ToShared =
  /** Once, and first. */
  | {
      readonly do: "serve";
      /** As a host has it. */
      readonly site: string;
      readonly isSticky: boolean;
      readonly timeoutMs: number;
    }
  | { readonly do: "follow"; readonly table: RouteTable }
  | { readonly do: "drain"; readonly route: Route };

export type FromShared =
  | { readonly is: "serving"; readonly url: string }
  | { readonly is: "refused"; readonly reason: string }
  | { readonly is: "drained"; readonly route: Route }
  /** Lines about requests, one character per byte, each with its newline. */
  | { readonly is: "log"; readonly text: string };
