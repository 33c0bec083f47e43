/** What a client sends, for an upstream that may break off without the client being cut off with it. */
import { Readable } from "node:stream";
import { notePassed } from "./collect.ts";

/** Read when it is asked for, and not before. Fails when the client goes away in the middle of it. */
export function requestBody(request: Readable): Readable {
  let isEnded = false;
  const body = new Readable({
    read() {
      request.resume();
    },
    destroy(_error, done) {
      // What nobody takes any more must not fill up what is between.
      request.removeListener("data", take);
      request.resume();
      done(null);
    },
  });
  const take = (piece: Buffer) => {
    notePassed(piece);
    if (!body.push(piece)) request.pause();
  };
  request.pause();
  // Paused, it is not set going by who listens.
  request.on("data", take);
  request.once("end", () => {
    isEnded = true;
    body.push(null);
  });
  request.once("close", () => {
    if (!isEnded) body.destroy(new Error("the client has gone"));
  });
  return body;
}
