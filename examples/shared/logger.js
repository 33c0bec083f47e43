// Writes one logfmt line per event, errors to stderr and all else to stdout. There are no
// timestamps: the process manager adds them.

export const logger = {
  info: (message, fields) => console.log(line("info", message, fields)),
  error: (message, fields) => console.error(line("error", message, fields)),
};

function line(level, message, fields = {}) {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${quote(String(value))}`);
  return [`level=${level}`, `msg=${JSON.stringify(message)}`, ...pairs].join(" ");
}

// Quoting also escapes line breaks, so an event never takes more than its line.
function quote(text) {
  return /^[\w./:-]+$/.test(text) ? text : JSON.stringify(text);
}
