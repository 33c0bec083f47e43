// Loaded into procman before its own program: at SIGUSR2 the wall clock goes on from another time, by so
// many milliseconds as the file FAULTS_SKEW says. The real clock is not touched.
const { readFileSync } = require("node:fs");

const path = process.env.FAULTS_SKEW;
const RealDate = Date;
let skewMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + skewMs);
    else super(...given);
  }

  static now() {
    return RealDate.now() + skewMs;
  }
};

process.on("SIGUSR2", () => {
  skewMs = Number(readFileSync(path, "utf8"));
});
