/** Many clients that want nothing good from a control socket, so many at a time. */
import { setMaxListeners } from "node:events";
import { connect, type Socket } from "node:net";

export interface Flood {
  readonly clients: number;
  /** At a time. */
  readonly width: number;
  /** All leave, and no more come. */
  readonly givenUp: AbortSignal;
}

type Hostility = (socket: Socket) => void;

/** Each stays until the server closes the connection, or leaves by itself. */
const hostilities: readonly Hostility[] = [
  () => {},
  (socket) => socket.write("GET /procman/v1/status HTTP/1.1\r\nX-Slow: "),
  (socket) => trickle(socket),
  (socket) => socket.write(Buffer.alloc(5_000, "\x16\x03\x01\x02 garbage")),
  (socket) => socket.write(`GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}\r\n\r\n`),
  (socket) => socket.write("POST /procman/v1/scale HTTP/1.1\r\nContent-Length: 500\r\n\r\n{"),
  (socket) => {
    socket.write("GET /procman/v1/events HTTP/1.1\r\n\r\n");
    socket.once("data", () => socket.destroy());
  },
  (socket) => {
    socket.write("GET /procman/v1/status HTTP/1.1\r\n\r\n");
    socket.destroy();
  },
];

/** How many got through to the server's queue. Resolves when all have gone. */
export async function flood(path: string, { clients, width, givenUp }: Flood): Promise<number> {
  setMaxListeners(width, givenUp);
  let begun = 0;
  let connected = 0;
  const work = async () => {
    while (begun < clients && !givenUp.aborted) {
      const hostility = hostilities[begun % hostilities.length] ?? (() => {});
      begun += 1;
      if (await one(path, hostility, givenUp)) connected += 1;
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return connected;
}

/** Whether it got through. */
function one(path: string, hostility: Hostility, givenUp: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let isConnected = false;
    const socket = connect({ path });
    const leave = () => socket.destroy();
    givenUp.addEventListener("abort", leave);
    socket.on("connect", () => {
      isConnected = true;
      hostility(socket);
    });
    socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => {
      givenUp.removeEventListener("abort", leave);
      resolve(isConnected);
    });
  });
}

/** A byte whenever the one before has gone. */
function trickle(socket: Socket): void {
  if (!socket.destroyed) socket.write("G", () => setImmediate(() => trickle(socket)));
}
