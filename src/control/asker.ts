/** Who asked for something, as the log shall have it: `marc with procman scale`. */

const maxCharacters = 40;

/** Of `heroku-cli/11.0.0 linux-x64` only the first word counts. What cannot be printed is dropped. */
export function describeAsker(user: string, userAgent: string | undefined): string {
  const client = printable(userAgent?.replace(/\/.*$/s, "") ?? "");
  return `${printable(user)} with ${client || "an unnamed client"}`;
}

function printable(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, "")
    .slice(0, maxCharacters)
    .trim();
}
