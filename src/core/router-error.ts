/** What can go wrong with a request on its way to a process, by Heroku's codes. */

export type RouterErrorCode = "H10" | "H12" | "H13" | "H14" | "H17" | "H18" | "H20" | "H21" | "H27";

export interface RouterError {
  /** As Heroku words it, but for its word for a process. */
  readonly desc: string;
  /** What the client gets, where it can still get something, and what the log has. */
  readonly status: number;
}

export const routerErrors: { readonly [Code in RouterErrorCode]: RouterError } = {
  H10: { desc: "App crashed", status: 503 },
  H12: { desc: "Request timeout", status: 503 },
  H13: { desc: "Connection closed without response", status: 503 },
  H14: { desc: "No web processes running", status: 503 },
  H17: { desc: "Poorly formatted HTTP response", status: 503 },
  H18: { desc: "Server Request Interrupted", status: 503 },
  H20: { desc: "App boot timeout", status: 503 },
  H21: { desc: "Backend connection refused", status: 503 },
  H27: { desc: "Client Request Interrupted", status: 499 },
};
