// Answers whoever asks as procman would, and does nothing else: `bare.cjs SOCKET`.
const { createServer } = require("node:net");

createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\n\r\n{"filler":"${"x".repeat(4_000)}"}`));
}).listen(process.argv[2], () => console.log("listening"));
