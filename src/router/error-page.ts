/** What somebody sees whose request came to no answer: what is wrong, and where to look. */
import { type RouterErrorCode, routerErrors } from "../core/router-error.ts";

export interface ErrorPage {
  readonly contentType: string;
  readonly body: string;
}

export function errorPage(
  code: RouterErrorCode,
  cause: string,
  requestId: string,
  isForBrowser: boolean,
): ErrorPage {
  const { desc } = routerErrors[code];
  const lines = [`${code} ${desc}: ${cause}`, `${advice[code]}`, `Request ${requestId}`];
  return isForBrowser
    ? { contentType: "text/html; charset=utf-8", body: htmlOf(`${code} ${desc}`, cause, lines) }
    : { contentType: "text/plain; charset=utf-8", body: `${lines.join("\n")}\n` };
}

const logs = "procman logs --ps web shows what it printed, procman why web what happened.";
const advice: { readonly [Code in RouterErrorCode]: string } = {
  H10: logs,
  H12: `It may be busy or hang. ${logs}`,
  H13: logs,
  H14: "Start one with: procman scale web=1, or, if it was stopped, procman restart web",
  H17: logs,
  H18: logs,
  H20: logs,
  H21: `It may listen on another port than PORT. ${logs}`,
  H27: logs,
};

function htmlOf(title: string, cause: string, [, hint, request]: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}small{color:#777}@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}}</style></head>
<body><h1>${escapeHtml(title)}</h1><p>${escapeHtml(cause)}</p><p>${escapeHtml(hint ?? "")}</p><p><small>${escapeHtml(request ?? "")} &middot; procman</small></p></body>
</html>
`;
}

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
