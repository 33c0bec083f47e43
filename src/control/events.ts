/** Changes of state as they come, one JSON object a line, for whoever reads them fast enough. */
import type { StateChange } from "../supervisor/status.ts";
import type { ControlledApp } from "./controlled-app.ts";

/** More than a reader may be behind. What comes then is counted, and the count is told. */
const maxWaiting = 1_000;

/** Listens from now on, whenever the first line is asked for. */
export function streamEvents(app: ControlledApp, givenUp: AbortSignal): AsyncIterable<string> {
  const waiting: StateChange[] = [];
  let lost = 0;
  let wake = () => {};
  const stopListening = app.onStateChange((change) => {
    if (waiting.length < maxWaiting) waiting.push(change);
    else lost += 1;
    wake();
  });
  const end = () => {
    stopListening();
    wake();
  };
  if (givenUp.aborted) end();
  else givenUp.addEventListener("abort", end, { once: true });

  return (async function* () {
    while (!givenUp.aborted) {
      const lines = waiting.splice(0).map(lineOf);
      if (lost > 0) lines.push(`${JSON.stringify({ lost })}\n`);
      lost = 0;
      if (lines.length > 0) yield lines.join("");
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  })();
}

function lineOf({ timeMs, name, from, to }: StateChange): string {
  return `${JSON.stringify({ time: new Date(timeMs).toISOString(), name, from, to })}\n`;
}
