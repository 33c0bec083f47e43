/** What is wrong with the variables that a procman.yml gives to its types, each with its place. */
import type { Diagnostic } from "../core/diagnostic.ts";
import { quote } from "../core/text-file.ts";
import type { SettingsFile } from "./settings-file.ts";

export function findVariableProblems({
  values: { types },
  placeOf,
}: SettingsFile): readonly Diagnostic[] {
  return [...(types ?? [])].flatMap(([type, { env }]) =>
    [...(env ?? [])].flatMap(([name, value]): readonly Diagnostic[] => {
      const problem = findProblem(type, name, value);
      const place = placeOf(["types", type, "env", name]);
      return problem ? [{ severity: "error", ...place, ...problem }] : [];
    }),
  );
}

function findProblem(
  type: string,
  name: string,
  value: string,
): Pick<Diagnostic, "message" | "hint"> | undefined {
  if (name === "" || /[=\0]/.test(name)) {
    return { message: `${quote(name)} cannot be the name of a variable` };
  }
  if (value.includes("\0"))
    return { message: `${name} has a zero byte, which no variable can hold` };
  if (name !== "PORT" && name !== "PS" && !name.startsWith("PROCMAN_")) return undefined;
  const message = `${name} is set by procman, and ${type} would not get this`;
  if (name !== "PORT") return { message, hint: "choose another name" };
  return {
    message,
    hint: "write port: at the top of the file for that of web, from which the others follow",
  };
}
