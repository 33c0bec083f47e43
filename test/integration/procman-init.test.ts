import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const init = fileURLToPath(new URL("../../bin/procman-init", import.meta.url));
const shells = ["sh", "dash", "bash", "busybox sh", "mksh", "zsh"].map((shell) => shell.split(" "));

/** Says when it is there, and ends with 7 at the first signal, which it names. */
const trapper = `
  for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => { console.log(signal); process.exit(7); });
  }
  setInterval(() => {}, 1e9);
  console.log("ready");
`;

interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function endOf(shell: ChildProcess, stdin?: string): Promise<End> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    shell[name]?.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  if (stdin === undefined) shell.stdin?.destroy();
  else shell.stdin?.end(stdin);
  const [code] = await once(shell, "close");
  return { code, ...said };
}

for (const [program = "", ...words] of shells) {
  const name = [program, ...words].join(" ");
  if (!hasProgram(program)) {
    it.skip(`${name} is not installed here`);
    continue;
  }
  const start = (...command: readonly string[]) => spawn(program, [...words, init, ...command]);

  describe.concurrent(`procman-init in ${name}`, () => {
    it.each([
      ["exit 0", 0],
      ["exit 42", 42],
      ["exit 127", 127],
      ["exit 255", 255],
      ["kill -TERM $$", 143],
      ["kill -KILL $$", 137],
    ])("ends as its command does: %s", async (line, code) => {
      expect(await endOf(start("sh", "-c", line))).toEqual({ code, stdout: "", stderr: "" });
    });

    it("hands over words and stdin as they are", async () => {
      const script = 'cat; printf "<%s>" "$@"';
      const end = await endOf(start("sh", "-c", script, "sh", "a  b", "*", ""), "typed\n");
      expect(end).toEqual({ code: 0, stdout: "typed\n<a  b><*><>", stderr: "" });
    });

    it("says that a command is not there", async () => {
      const { code, stderr } = await endOf(start("no-such-command"));
      expect(code).toBe(127);
      expect(stderr).toContain("no-such-command");
    });

    it.each([[[]], [["--help"]]])("says how it is used: %j", async (args) => {
      const { code, stderr } = await endOf(start(...args));
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^usage: procman-init COMMAND/)]);
    });

    it.each(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const)(
      "passes %s on, and waits for the command",
      async (signal) => {
        const shell = start(process.execPath, "-e", trapper);
        const ending = endOf(shell);
        shell.stdout.once("data", () => shell.kill(signal));
        expect(await ending).toEqual({ code: 7, stdout: `ready\n${signal}\n`, stderr: "" });
      },
    );
  });
}
