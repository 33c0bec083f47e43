/** Reads a pipe to its end, and waits for whoever will write to it until it is given up. */
import { Socket } from "node:net";

/**
 * `fd` must not block, and is closed at the end. By a socket, and not by Node's `fs`: its threads
 * would be stuck where nobody writes, and keep procman from ending.
 */
export function readPipe(fd: number, givenUp?: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const signal = givenUp && { signal: givenUp };
    const pipe = new Socket({ fd, readable: true, writable: false, ...signal });
    pipe.on("data", (chunk) => chunks.push(chunk));
    pipe.once("error", reject);
    pipe.once("end", () => resolve(Buffer.concat(chunks)));
  });
}
