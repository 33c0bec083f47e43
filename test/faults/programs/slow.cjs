// Takes its time to end: `slow.cjs MS`. Prints a last line before it does.
const [, , ms] = process.argv;
process.on("SIGTERM", () => {
  console.log("draining");
  setTimeout(() => {
    console.log("drained");
    process.exit(0);
  }, Number(ms));
});
setInterval(() => {}, 1e9);
console.log("slow");
