import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quoteWord, withArguments, withExec } from "../../src/process/shell.ts";

type Row = readonly [name: string, command: string, rewritten: string];

/** One simple command: `exec` stands before its program. */
const simple: readonly Row[] = [
  ["a program", "pwd-not", "exec pwd-not"],
  ["a program and its arguments", "expr 1 + 1", "exec expr 1 + 1"],
  ["a path", "./script a b", "exec ./script a b"],
  ["an absolute path", "/bin/cat file", "exec /bin/cat file"],
  ["blanks around", "  cat file  ", "  exec cat file  "],
  ["tabs", "\tcat\tfile\t", "\texec cat\tfile\t"],
  ["an assignment before it", "A=1 printenv A", "A=1 exec printenv A"],
  ["assignments before it", "A=1 B=2 printenv A B", "A=1 B=2 exec printenv A B"],
  ["an empty assignment", "A= printenv A", "A= exec printenv A"],
  ["a quoted assignment", 'A="x  y" printenv A', 'A="x  y" exec printenv A'],
  ["an assignment with parts in quotes", "A=x'  'y printenv A", "A=x'  'y exec printenv A"],
  ["an assignment with a variable", `A=\${HOME} printenv A`, `A=\${HOME} exec printenv A`],
  ["an assignment that looks like one behind", "printenv A=1", "exec printenv A=1"],
  ["a PATH without it", "PATH=/nonexistent cat file", "PATH=/nonexistent exec cat file"],
  ["a variable", "basename $HOME", "exec basename $HOME"],
  ["a variable in braces", `basename \${HOME}`, `exec basename \${HOME}`],
  ["a variable with a default", `basename \${NO:-x}`, `exec basename \${NO:-x}`],
  ["a variable that must be set", `basename \${NO:?unset}`, `exec basename \${NO:?unset}`],
  ["a variable that is not set", "basename -a x $NO y", "exec basename -a x $NO y"],
  ["single quotes", "basename 'a; b | c && d'", "exec basename 'a; b | c && d'"],
  ["double quotes", 'basename "a; b | c && d"', 'exec basename "a; b | c && d"'],
  ["a quote in double quotes", 'basename "a\\"; b"', 'exec basename "a\\"; b"'],
  ["a dollar in double quotes", 'basename "a\\$(b)"', 'exec basename "a\\$(b)"'],
  ["double quotes in single ones", `basename '"'`, `exec basename '"'`],
  ["escapes", "basename a\\;\\|\\&\\ b", "exec basename a\\;\\|\\&\\ b"],
  ["an escaped newline behind the program", "basename \\\na", "exec basename \\\na"],
  ["a pattern", "basename -a f*", "exec basename -a f*"],
  ["a tilde", "basename ~", "exec basename ~"],
  ["braces", "basename -a {a,b}", "exec basename -a {a,b}"],
  ["# in a word", "basename a#b", "exec basename a#b"],
  ["output to a file", "basename a > out", "exec basename a > out"],
  ["output appended to a file", "basename a >>out", "exec basename a >>out"],
  ["input from a file", "cat < file", "exec cat < file"],
  ["input from no file", "cat < nofile", "exec cat < nofile"],
  ["errors to output", "cat file 2>&1", "exec cat file 2>&1"],
  ["output to errors", "cat file >&2", "exec cat file >&2"],
  ["output closed", "cat file >&-", "exec cat file >&-"],
  ["input from a descriptor", "cat <&0", "exec cat <&0"],
  ["both at the end", "cat file >out 2>&1", "exec cat file >out 2>&1"],
  ["env", "env -i A=1 printenv", "exec env -i A=1 printenv"],
  ["sh", "sh -c 'echo a; exit 3'", "exec sh -c 'echo a; exit 3'"],
  ["arguments of a shell within", `sh -c 'echo "$1"' x "a b"`, `exec sh -c 'echo "$1"' x "a b"`],
  ["an end by a signal", "sh -c 'kill -9 $$'", "exec sh -c 'kill -9 $$'"],
  ["a file without #!", "./script a 'b c'", "exec ./script a 'b c'"],
  ["a file that is no program", "./file", "exec ./file"],
  ["a folder", "/", "exec /"],
  ["no such file", "./nofile a", "exec ./nofile a"],
  ["a name with a colon", "npm:no", "exec npm:no"],
  ["a dash in a name", "no-such-program --x", "exec no-such-program --x"],
  ["a reserved word behind", "basename if", "exec basename if"],
  ["words of a loop behind", "basename -a do done", "exec basename -a do done"],
  ["a dollar alone", "basename $", "exec basename $"],
  ["a character outside ASCII behind", "basename grün", "exec basename grün"],
];

/** More than a simple command, or no program that could take the shell's place. */
const others: readonly (readonly [name: string, command: string])[] = [
  ["nothing", ""],
  ["blanks", "  "],
  ["only an assignment", "A=1"],
  ["only a comment", "# a"],
  ["a comment behind", "basename a # b; exit 3"],
  ["two commands", "basename a; basename b"],
  ["and", "basename a && basename b"],
  ["or", "cat nofile || basename b"],
  ["a pipe", "cat file | cat"],
  ["in the background", "basename a & wait"],
  ["in the background, and a word at it", "basename a& wait"],
  ["output and errors as in bash", "cat nofile &>out"],
  ["two lines", "basename a\nbasename b"],
  ["an escaped newline before the program", "\\\nbasename a"],
  ["a command in a command", "basename $(echo a)"],
  ["a command in a command in quotes", 'basename "$(echo a; echo b)"'],
  ["a command in back quotes", "basename `echo a`"],
  ["a command in back quotes in quotes", 'basename "`echo a`"'],
  ["a command in an assignment", "A=$(echo a) printenv A"],
  ["a sum", "basename $((1 + 1))"],
  ["a here document", "cat <<E\na\nE\n"],
  ["a subshell", "(basename a)"],
  ["a group", "{ basename a; }"],
  ["not", "! cat nofile"],
  ["if", "if true; then basename a; fi"],
  ["a loop", "for x in a b; do basename $x; done"],
  ["a function", "f() { basename a; }; f"],
  ["cd", "cd / && pwd"],
  ["only cd", "cd /"],
  ["echo", "echo a"],
  ["printf", "printf a"],
  ["pwd", "pwd"],
  ["true", "true"],
  ["false", "false"],
  ["test", "test -f file"],
  ["[", "[ -f nofile ]"],
  [":", ": a"],
  [".", ". ./script"],
  ["exec", "exec basename a"],
  ["exec behind an assignment", "A=1 exec printenv A"],
  ["exit", "exit 3"],
  ["eval", "eval 'basename a; exit 4'"],
  ["export", "export A=1"],
  ["command", "command basename a"],
  ["ulimit", "ulimit -n"],
  ["umask", "umask"],
  ["kill", "kill -0 $$"],
  ["trap", "trap 'echo a' EXIT"],
  ["a program in a variable", "$CAT file"],
  ["a program in quotes", "'cat' file"],
  ["a program in double quotes", '"cat" file'],
  ["a program that is a pattern", "/bin/ca[t] file"],
  ["a program at home", "~/nofile"],
  ["a program with an escape", "c\\at file"],
  ["a redirection first", ">out basename a"],
  ["a redirection with a number first", "2>&1 basename a"],
  ["a redirection in the program's word", "cat<file"],
  ["an assignment as in bash", "A+=1 printenv A"],
  ["an assignment to no name", "1A=1 basename a"],
  ["an assignment in an array", "A[0]=1 basename a"],
  ["a dash first", "-no-program"],
  ["a job", "%1"],
  ["an open single quote", "basename 'a"],
  ["an open double quote", 'basename "a'],
  ["a backslash at the end", "basename a\\"],
];

/** What is in braces ends no word: these may be left alone, or have `exec` where it belongs. */
const braces: readonly Row[] = [
  ["a default with blanks", `basename -a \${NO:-x y}`, `exec basename -a \${NO:-x y}`],
  [
    "a default with blanks, in quotes",
    `A="\${NO:-x y z}" printenv A`,
    `A="\${NO:-x y z}" exec printenv A`,
  ],
  [
    "a default with blanks, in an assignment",
    `A=\${NO:-x y z} printenv A`,
    `A=\${NO:-x y z} exec printenv A`,
  ],
  [
    "a default with quotes and blanks, in quotes",
    `A="\${NO:-"x y z"}" printenv A`,
    `A="\${NO:-"x y z"}" exec printenv A`,
  ],
  ["a default with a brace", `A=\${NO:-x\\} y z} printenv A`, `A=\${NO:-x\\} y z} exec printenv A`],
  [
    "a default in a default",
    `A=\${NO:-\${NONE:-x} y z} printenv A`,
    `A=\${NO:-\${NONE:-x} y z} exec printenv A`,
  ],
];

const rows: readonly Row[] = [
  ...simple,
  ...others.map(([name, command]): Row => [name, command, command]),
];

describe("withExec", () => {
  it.each(rows)("%s", (_, command, rewritten) => {
    expect(withExec(command)).toBe(rewritten);
  });

  it.each(braces)("%s", (_, command, rewritten) => {
    expect([command, rewritten]).toContain(withExec(command));
  });
});

/** Each as `/bin/sh` may be it. */
const shells: readonly (readonly [name: string, command: readonly [string, ...string[]]])[] = [
  ["/bin/sh", ["/bin/sh"]],
  ["dash", ["dash"]],
  ["bash", ["bash"]],
  ["bash as sh", ["bash", "--posix"]],
  ["busybox", ["busybox", "sh"]],
  ["mksh", ["mksh"]],
  ["zsh as sh", ["zsh", "--emulate", "sh"]],
];

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "procman-test-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface End {
  /** As `$?` would have it: without a shell in between a signal is a signal. */
  readonly status: number | null;
  readonly stdout: string;
}

function runIn([shell, ...flags]: readonly [string, ...string[]], command: string): End {
  writeFileSync(join(folder, "file"), "file\n");
  // Not `$0`: bash makes a path absolute behind `exec`.
  writeFileSync(join(folder, "script"), 'echo "$1-$2"\nexit 3\n');
  chmodSync(join(folder, "script"), 0o755);
  rmSync(join(folder, "out"), { force: true });
  const env = { PATH: process.env["PATH"], HOME: "/home/x", CAT: "cat" };
  const end = spawnSync(shell, [...flags, "-c", command], { cwd: folder, env, encoding: "utf8" });
  if (end.error) throw end.error;
  const status = end.signal === null ? end.status : 128 + constants.signals[end.signal];
  return { status, stdout: end.stdout };
}

function isInstalled([shell, ...flags]: readonly [string, ...string[]]): boolean {
  return spawnSync(shell, [...flags, "-c", ":"]).status === 0;
}

describe.each(shells)("a command rewritten does the same in %s", (name, shell) => {
  const changed = [...rows, ...braces].filter(([, command]) => withExec(command) !== command);
  if (!isInstalled(shell)) {
    it.skip(`${name} is not installed here`);
    return;
  }
  it.each(changed)("%s", (_, command) => {
    expect(runIn(shell, withExec(command))).toEqual(runIn(shell, command));
  });
});

describe("arguments", () => {
  const rows: readonly (readonly [command: string, expected: string])[] = [
    ["echo a", "a x y"],
    ["echo a # the first", "a x y"],
    ["echo a #", "a x y"],
    ["echo a;#", "a"],
    ["true; echo a # 'b' \"c", "a x y"],
    ["echo a#b", "a#b x y"],
    ["echo 'a # b'", "a # b x y"],
    ['echo "a # b"', "a # b x y"],
    ['echo "a \\" # b"', 'a " # b x y'],
    ["echo '\\' #'", "\\ x y"],
    ["echo \\#", "# x y"],
    ["echo \\\\ #", "\\ x y"],
    ["echo $#", "0 x y"],
    [`echo \${#HOME} \${HOME#/home}`, "7 /x x y"],
    [`echo \${A:-b # c}`, "b # c x y"],
    ["echo `echo a # b`", "a x y"],
  ];

  it.each(rows)("of %j", (command, expected) => {
    const end = runIn(["/bin/sh"], `${withArguments(command, ["x", "y"])} # more`);
    expect(end.stdout.split("\n")[0]).toBe(expected);
  });

  it("are quoted, and none change nothing", () => {
    expect(withArguments("a #b", ["c d", ""])).toBe("a  'c d' '' #b");
    expect(withArguments("a b", [])).toBe("a b");
  });
});

describe("quoteWord", () => {
  it.each([
    ["", "''"],
    ["a", "a"],
    ["--x=a/b:c,d@e%f+g_h.1", "--x=a/b:c,d@e%f+g_h.1"],
    ["a b", "'a b'"],
    ["it's", "'it'\\''s'"],
    ["$HOME", "'$HOME'"],
    ["a\nb", "'a\nb'"],
    ["~", "'~'"],
    ["*", "'*'"],
    ["grün", "'grün'"],
  ])("%j", (text, word) => {
    expect(quoteWord(text)).toBe(word);
  });

  it("is read back as it was", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("'", '"', "\\", "$", "`", " ", "\n", "!", "*", "~", "a") }),
    );
    const words = fc.array(
      text.filter((word) => !word.includes("\0")),
      { minLength: 10, maxLength: 30 },
    );
    fc.assert(
      fc.property(words, (given) => {
        const command = `printf '%s\\0' ${given.map(quoteWord).join(" ")}`;
        expect(runIn(["/bin/sh"], command)).toEqual({
          status: 0,
          stdout: given.map((word) => `${word}\0`).join(""),
        });
      }),
      { numRuns: 30 },
    );
  });
});
