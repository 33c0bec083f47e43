// Answers who it is. /hold waits until /release has come, which is asked of the process itself.
import { createServer } from "node:http";
import process from "node:process";

const held = [];
const server = createServer((request, response) => {
  if (request.url === "/hold") held.push(response);
  else if (request.url === "/held") response.end(String(held.length));
  else if (request.url === "/release") {
    for (const waiting of held.splice(0)) waiting.end(`${process.env.PS} ${process.pid}`);
    response.end();
  } else if (request.url === "/exit") process.exit(7);
  else response.end(`${process.env.PS} ${process.pid}`);
});
server.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
