/** What the YAML parser says of a mistake, as one line without the place, which is said apart. */
import { showAll } from "../core/text-file.ts";

const maxLength = 200;

/** The parser shows the place in the lines below, and says it in words; it quotes at any length. */
export function describeYamlError(message: string): string {
  return showAll(
    message
      .slice(0, maxLength)
      .replace(/\n.*/s, "")
      .replace(/ at line .*$/, "")
      // What programmers are told.
      .replace(/; please use YAML\..*$/, ""),
  );
}
