import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findPrograms } from "../../src/process/programs.ts";

describe("the programs of a command line", () => {
  it.each<[command: string, programs: string[]]>([
    ["node index.js", ["node"]],
    ["  NODE_ENV=test PORT=1 node index.js", ["node"]],
    ["exec node index.js", ["node"]],
    ["env A=1 node index.js", ["node"]],
    ["./bin/web --port 1", ["./bin/web"]],
    ["true && nodde x", ["nodde"]],
    ["one; two & three | four || five\nsix", ["one", "two", "three", "four", "five", "six"]],
    ["(one; two)", ["one", "two"]],
    ["if one; then two; else three; fi", ["one", "two", "three"]],
    ["while ! one; do two; done", ["one", "two"]],
    ["{ one; } 2>&1 | two >file", ["one", "two"]],
    ["> out one < in", ["one"]],
    ["one 'a; b' \"c && d\" \\; e", ["one"]],
    ["one # two; three\nfour", ["one", "four"]],
    ["one \\\n two", ["one"]],
    ["one $(two) `three`", ["one"]],
    ["cd lib && ./run && run && /bin/run", ["run", "/bin/run"]],
    ["$RUBY x; ~/bin/x; 'a b'; env -i x; nohup x", ["x"]],
    ["x() { one; }; x", []],
    [". ./functions; x", []],
    ["PATH=bin:$PATH x", []],
    ["cat <<END\nx\nEND", []],
    ["one 'without an end", ["one"]],
    ["# nothing", []],
    ["", []],
  ])("%j: %j", (command, programs) => {
    expect(findPrograms(command)).toEqual(programs);
  });

  it("are words of it, whatever it is", () => {
    const part = fc.constantFrom(
      "x",
      " ",
      "'",
      '"',
      "\\",
      "$(",
      "`",
      ")",
      ";",
      "&",
      "<",
      "#",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const command = parts.join("");
        for (const program of findPrograms(command)) expect(command).toContain(program);
      }),
    );
  });
});
