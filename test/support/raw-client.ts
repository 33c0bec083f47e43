import { connect, type Socket } from "node:net";

export type Address = { readonly path: string } | { readonly port: number };

/** Sends bytes as they are, and resolves with all that came until the connection was closed. */
export function talk(address: Address, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ ...address, host: "127.0.0.1" });
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write(bytes));
    socket.on("data", (chunk: Buffer | string) => {
      text += chunk;
    });
    // A server may close while it is being written to.
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

/** A connection that stays open and reads nothing. */
export function hold(address: Address, bytes = ""): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, host: "127.0.0.1" }, () => {
      socket.off("error", reject);
      socket.on("error", () => {});
      socket.write(bytes, () => resolve(socket));
    });
    socket.once("error", reject);
  });
}

export function get(path: string, headers: Readonly<Record<string, string>> = {}): string {
  return request("GET", path, headers);
}

export function request(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): string {
  const all = { "Content-Length": `${Buffer.byteLength(body)}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.0\r\n${lines.join("")}\r\n${body}`;
}

/** Of a whole reply, however its body was sent. */
export function statusOf(reply: string): number {
  return Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(reply)?.[1]);
}

export function bodyOf(reply: string): string {
  return reply.slice(reply.indexOf("\r\n\r\n") + 4);
}

/** When it is closed, in whatever way. */
export function closed(socket: Pick<Socket, "once">): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}
