// Takes jobs from a Redis list as BullMQ does: each goes to a second list while it is worked on, and
// leaves that when it is done. On SIGTERM the job at hand is finished first.
import { connect } from "node:net";
import process from "node:process";

const socket = connect(process.env.REDIS_SOCKET);
let isLeaving = false;
const answers = [];
let text = "";

socket.setEncoding("utf8");
socket.on("data", (piece) => {
  text += piece;
  for (let reply = readReply(); reply !== undefined; reply = readReply()) answers.shift()(reply);
});
process.on("SIGTERM", () => {
  isLeaving = true;
});

/** Of the protocol only what these commands answer with: a number, a text, or nothing. */
function readReply() {
  const end = text.indexOf("\r\n");
  if (end === -1) return undefined;
  const [kind, rest] = [text[0], text.slice(1, end)];
  if (kind !== "$" || rest === "-1") {
    text = text.slice(end + 2);
    return kind === ":" ? Number(rest) : null;
  }
  const length = Number(rest);
  if (text.length < end + 4 + length) return undefined;
  const value = text.slice(end + 2, end + 2 + length);
  text = text.slice(end + 4 + length);
  return value;
}

function ask(...words) {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join("")}`);
  return new Promise((resolve) => answers.push(resolve));
}

const work = () => new Promise((resolve) => setTimeout(resolve, Number(process.env.JOB_MS)));

while (!isLeaving) {
  const job = await ask("LMOVE", "jobs", "active", "LEFT", "RIGHT");
  await work();
  if (job === null) continue;
  await ask("RPUSH", "done", job);
  await ask("LREM", "active", "1", job);
}
socket.end();
