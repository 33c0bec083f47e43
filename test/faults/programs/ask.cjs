// Asks procman how it is, again and again, and by turns a server that has nothing else to do, which
// tells how busy the machine is: `ask.cjs SOCKET BARE_SOCKET`. Prints for each answer how many
// milliseconds it took, or why there was none. A process of its own, as whoever asks is one.
const { connect } = require("node:net");
const { performance } = require("node:perf_hooks");

const [, , path, barePath] = process.argv;
const request = "GET /procman/v1/status HTTP/1.0\r\nContent-Length: 0\r\n\r\n";
const limitMs = 5_000;
const pauseMs = 40;

function ask(whom, socketPath) {
  return new Promise((resolve) => {
    const startMs = performance.now();
    let text = "";
    const socket = connect({ path: socketPath }, () => socket.write(request));
    const tell = (said) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.destroy();
      console.log(`${whom} ${said}`);
      setTimeout(resolve, pauseMs);
    };
    const timer = setTimeout(() => tell(`none within ${limitMs} ms`), limitMs);
    socket.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
    socket.once("error", ({ code }) => tell(code));
    socket.once("close", () => {
      const isAnswer = /^HTTP\/1\.1 (200|429)/.test(text) && text.trimEnd().endsWith("}");
      tell(isAnswer ? performance.now() - startMs : `nonsense: ${text.slice(0, 40)}`);
    });
  });
}

async function askByTurns() {
  for (;;) {
    await ask("procman", path);
    await ask("bare", barePath);
  }
}

void askByTurns();
