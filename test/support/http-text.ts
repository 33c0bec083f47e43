/** HTTP/1 as text, with one character per byte. */

export const lastOfAll = "Connection: close";

export function headOf(method: string, path: string, ...fields: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
}

export const get = headOf("GET", "/");
export const lastGet = headOf("GET", "/", lastOfAll);

export function lastPost(body: string): string {
  return `${headOf("POST", "/", `Content-Length: ${body.length}`, lastOfAll)}${body}`;
}

export function statusOf(reply: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(reply)?.[1]);
}

export function bodyOf(reply: string): string {
  return reply.slice(reply.indexOf("\r\n\r\n") + 4);
}
