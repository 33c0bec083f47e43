// Takes no notice of any signal that it may ignore. Says so first.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
setInterval(() => {}, 1e9);
console.log("stubborn");
