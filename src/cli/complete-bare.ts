/** Gives an option that needs no value the one that it has without. */
import type { OptionSpec } from "./call.ts";

/** `--router web` → `--router=on web`; `--router 5005` stays as it is. */
export function completeBare(
  args: readonly string[],
  options: readonly OptionSpec[],
): readonly string[] {
  const end = args.indexOf("--");
  return args.map((word, index) => {
    if (end >= 0 && index > end) return word;
    const bare = options.find(({ name }) => word === `--${name}`)?.bare;
    return bare && !bare.value.test(args[index + 1] ?? "") ? `${word}=${bare.given}` : word;
  });
}
