// A page that holds a WebSocket and server-sent events, and reports what came over both.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import process from "node:process";

const page = `<!doctype html><script>
const got = {};
const note = (what, text) => {
  got[what] = text;
  if (got.socket && got.events) fetch("/report?" + got.socket + "+" + got.events);
};
const socket = new WebSocket("ws://" + location.host + "/socket");
socket.onopen = () => socket.send("hello");
socket.onmessage = ({ data }) => note("socket", data);
new EventSource("/events").onmessage = ({ data }) => note("events", data);
</script>`;

const server = createServer((request, response) => {
  if (request.url === "/") response.setHeader("Content-Type", "text/html").end(page);
  else if (request.url === "/events") {
    response.setHeader("Content-Type", "text/event-stream").write("data: event\n\n");
  } else {
    if (request.url.startsWith("/report")) process.stdout.write(`${request.url}\n`);
    response.end();
  }
});

server.on("upgrade", (request, socket) => {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => {});
  // Short and masked, as clients send them; back without a mask.
  socket.once("data", (frame) => {
    const length = frame[1] & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]);
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
  });
});

server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
