import { execFileSync } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, linesOf, procfile, Rig, testTimeout } from "../support/rig.ts";
import { type Answer, childCommand, type ForkKind } from "../support/scripted-child.ts";
import { isAlive, stateOf } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

/** Long enough for a second signal to be seen that should not be there. */
const goodbye: Answer = { afterMs: 100, lines: ["goodbye"], code: 0 };

describe.concurrent("the first signal", () => {
  const rows: readonly (readonly [NodeJS.Signals, number])[] = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ];

  it.each(rows)("%s asks every process once, and procman ends with %i", async (signal, status) => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker", "clock") });
    rig.start();
    const names = ["web.1", "worker.1", "clock.1"];
    for (const name of names) await (await rig.child(name)).trap("SIGTERM", goodbye);
    rig.signal(signal);
    await rig.line(/procman +\| stopping web\.1, worker\.1, clock\.1 \(Ctrl-C again kills\)$/);
    const end = await rig.end();
    expect(end).toMatchObject({ status, stderr: "" });
    for (const child of rig.children) expect(child.signals).toEqual(["SIGTERM"]);
    for (const name of names) {
      expect(linesOf(end.stdout, name)).toEqual(["goodbye"]);
      expect(end.stdout).toMatch(
        new RegExp(`procman +\\| ${name} stopped after .* \\(exited with code 0\\)\n`),
      );
    }
  });

  it("ends what takes no notice of SIGTERM when the grace period is over", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    rig.pressCtrlC();
    await rig.line(/procman \| web\.1 did not stop within 1 s; killing it$/);
    await rig.line(/procman \| web\.1 stopped after \d.* s \(was ended by SIGKILL\)$/);
    const { code } = await rig.end();
    expect(code).toBe(130);
    expect(web.signals).toEqual(["SIGTERM"]);
  });

  it("reaches a process that was stopped with SIGSTOP, and lets it finish", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.trap("SIGTERM", goodbye);
    process.kill(web.pid, "SIGSTOP");
    await rig.poll("the process to be stopped", () => stateOf(web.pid) === "T" || undefined);
    const { code, stdout } = await rig.stop();
    expect(linesOf(stdout, "web.1")).toEqual(["goodbye"]);
    expect(code).toBe(130);
  });

  it("takes effect while a process waits to be started again", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    await (await rig.child("web.1")).exit(1);
    await rig.line(/starting it again in /);
    const { code } = await rig.stop();
    expect(code).toBe(130);
    expect(rig.children).toHaveLength(1);
  });

  it("leaves no file behind", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    await rig.child("worker.1");
    await rig.stop();
    expect(await rig.temporaryFiles()).toEqual([]);
  });
});

describe.concurrent("a signal that comes early", () => {
  it("ends procman before it has done anything", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const { status } = await rig.stop();
    expect(status).toBe(130);
  });

  it.each([1, 2, 3])("ends whatever is there when there are %i processes", async (count) => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker", "clock") });
    rig.start();
    await rig.poll("a process", () => rig.processes().length >= count || undefined);
    const { status } = await rig.stop();
    expect(status).toBe(130);
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it("ends what has been started when it is for procman alone", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    await rig.poll("a process", () => rig.processes().length > 0 || undefined);
    rig.signal("SIGTERM");
    const { status } = await rig.end();
    expect(status).toBe(143);
    expect(await rig.temporaryFiles()).toEqual([]);
  });
});

describe.concurrent("a signal while nothing can be started yet", () => {
  it.each([".env", "Procfile"])(
    "ends procman: %s is a pipe that nobody writes to",
    async (file) => {
      await using rig = await Rig.create(file === ".env" ? { Procfile: procfile("web") } : {});
      execFileSync("mkfifo", [join(rig.folder, file)]);
      rig.start();
      // To open it waits until procman reads it, and to close it again would end its reading.
      const writer = await open(join(rig.folder, file), "w");
      const { status } = await rig.stop();
      await writer.close();
      expect(status).toBe(130);
      expect(await rig.temporaryFiles()).toEqual([]);
    },
  );
});

describe.concurrent("the second signal", () => {
  it("kills, but not when it comes together with the first", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await web.trap("SIGTERM");
    await worker.trap("SIGTERM", goodbye);
    rig.pressCtrlC();
    rig.pressCtrlC();
    await rig.line(/procman +\| still waiting for web\.1; killing in 8 s$/);
    await web.print("still here");
    await rig.line(/\| still here$/);
    expect(web.signals).toEqual(["SIGTERM"]);
    rig.pressCtrlC();
    await rig.line(/procman +\| killing web\.1$/);
    const { code, stdout } = await rig.end();
    expect(linesOf(stdout, "worker.1")).toEqual(["goodbye"]);
    expect(stdout.match(/\| killing /g)).toHaveLength(1);
    expect(code).toBe(130);
  });

  it("kills what has left its group, too", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("session", "escapee");
    await web.fork("daemon", "daemon");
    for (const role of ["escapee", "daemon"]) await (await rig.forked(role)).trap("SIGTERM");
    await web.trap("SIGTERM");
    rig.signal("SIGTERM");
    await rig.line(/still waiting for web\.1/);
    rig.pressCtrlC();
    const { code } = await rig.end();
    expect(code).toBe(143);
  });

  it("is not needed after SIGQUIT", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    rig.signal("SIGQUIT");
    const { code } = await rig.end();
    expect(code).toBe(131);
  });
});

describe.concurrent("what a process has started", () => {
  const kinds: readonly (readonly [ForkKind, string])[] = [
    ["group", "in its group"],
    ["session", "in a session of its own"],
    ["daemon", "as a daemon"],
  ];

  it.each(kinds)("is asked once and may finish: %s", async (kind) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork(kind, "forked");
    const forked = await rig.forked("forked");
    await forked.trap("SIGTERM", goodbye);
    const { code, stdout } = await rig.stop();
    expect(forked.signals).toEqual(["SIGTERM"]);
    expect(linesOf(stdout, "web.1")).toEqual(["goodbye"]);
    expect(code).toBe(130);
  });

  it.each(kinds)("is killed when it takes no notice: %s", async (kind) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start(["-t", "1"]);
    const web = await rig.child("web.1");
    await web.fork(kind, "forked", "ignore");
    await (await rig.forked("forked")).trap("SIGTERM");
    const { code } = await rig.stop();
    expect(code).toBe(130);
  });

  it.each(kinds)("goes with a process that ends by itself: %s", async (kind) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork(kind, "forked");
    const forked = await rig.forked("forked");
    await forked.trap("SIGTERM", goodbye);
    await web.print("last words");
    await web.exit(0);
    const { code, stdout } = await rig.end();
    expect(forked.signals).toEqual(["SIGTERM"]);
    expect(linesOf(stdout, "web.1")).toEqual(["last words", "goodbye"]);
    expect(code).toBe(0);
  });

  it("is killed two seconds after its leader has ended by itself", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("group", "member");
    await (await rig.forked("member")).trap("SIGTERM");
    await web.exit(4);
    await rig.line(/procman \| web\.1 did not stop within 2 s; killing it$/);
    await rig.line(/procman \| web\.1 exited with code 4 after .*; starting it again in /);
    await rig.child("web.1", 2);
    await rig.stop();
  });

  it("is named when its leader has ended by itself, but not when that was asked to", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("group", "member");
    const { pid } = await rig.forked("member");
    await web.exit(1);
    await rig.line(
      new RegExp(`procman \\| web\\.1 left .*node .* \\(pid ${pid}\\) behind; ended$`),
    );
    const again = await rig.child("web.1", 2);
    await again.fork("group", "other");
    await rig.forked("other");
    await rig.stop();
    expect(rig.count(/ behind; ended$/)).toBe(1);
  });

  it("is named when it had left the group", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("daemon", "forked");
    const { pid } = await rig.forked("forked");
    rig.pressCtrlC();
    await rig.line(
      new RegExp(`procman \\| web\\.1 left .*node .* \\(pid ${pid}\\) behind; ended$`),
    );
    await rig.end();
  });

  it("is spared and named when it is a background server that many share", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("session", "watchman", "ignore");
    const watchman = await rig.forked("watchman");
    rig.spare(watchman.pid);
    rig.pressCtrlC();
    await rig.line(new RegExp(`web\\.1 left watchman .* \\(pid ${watchman.pid}\\) running; `));
    await rig.end();
    expect(isAlive(watchman.pid)).toBe(true);
    await watchman.exit(0);
  });

  it("is spared when such a server has started it since, as tmux does for later windows", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("session", "tmux", "ignore");
    const tmux = await rig.forked("tmux");
    await tmux.fork("session", "window", "ignore");
    const window = await rig.forked("window");
    rig.spare(tmux.pid);
    rig.spare(window.pid);
    const { stdout } = await rig.stop();
    expect(stdout).toMatch(new RegExp(`left tmux .* \\(pid ${tmux.pid}\\) running; `));
    expect(stdout).not.toContain(`(pid ${window.pid})`);
    expect([tmux.pid, window.pid].map(isAlive)).toEqual([true, true]);
    await window.exit(0);
    await tmux.exit(0);
  });

  it("is ended and named when it hides from procman and holds the output", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("hidden", "holder");
    const holder = await rig.forked("holder");
    await holder.trap("SIGTERM", goodbye);
    const { code, stdout } = await rig.stop();
    expect(holder.signals).toEqual(["SIGTERM"]);
    expect(linesOf(stdout, "web.1")).toEqual(["goodbye"]);
    expect(stdout).toMatch(new RegExp(`web\\.1 left .* \\(pid ${holder.pid}\\) behind; ended\n`));
    expect(stdout).not.toContain("holds its output open");
    expect(code).toBe(130);
  });

  it("is not waited for when it is spared and holds the output", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    await web.fork("session", "watchman");
    const holder = await rig.forked("watchman");
    rig.spare(holder.pid);
    rig.pressCtrlC();
    await rig.line(
      /web\.1 has ended, but another process holds its output open; not waiting for it$/,
    );
    const { code } = await rig.end();
    expect(code).toBe(130);
    await holder.exit(0);
  });
});

describe.concurrent("a process is stopped when its group is", () => {
  const wrapped = {
    files: { Procfile: `web: ${childCommand}; true\n` },
    npm: {
      Procfile: "web: npm start\n",
      "package.json": JSON.stringify({ scripts: { start: childCommand } }),
    },
  };
  const rows: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["a shell", wrapped.files],
    ...(hasProgram("npm") ? [["npm", wrapped.npm] as const] : []),
  ];
  const slow: Answer = { afterMs: 1_500, lines: ["drained", "last line"], code: 0 };

  it.each(rows)("so it is not started into its own port behind %s", async (_, files) => {
    await using rig = await Rig.create(files);
    rig.start();
    const first = await rig.child("web.1");
    expect(await first.listen()).toBe(rig.port);
    await first.trap("SIGTERM", slow);
    const [, leader] = await rig.line(/web\.1 started with pid (\d+)/);
    expect(Number(leader)).not.toBe(first.pid);
    process.kill(Number(leader), "SIGKILL");
    const second = await rig.child("web.1", 2);
    expect(first.isGone).toBe(true);
    expect(await second.listen()).toBe(rig.port);
    const { stdout } = await rig.stop();
    expect(linesOf(stdout, "web.1")).toEqual(expect.arrayContaining([...slow.lines]));
    expect(stdout.indexOf("last line")).toBeLessThan(stdout.indexOf("was ended by SIGKILL"));
    expect(stdout).toMatch(/was ended by SIGKILL after .*; starting it again in /);
  });

  it.each(rows)("so its last lines are shown behind %s", async (_, files) => {
    await using rig = await Rig.create(files);
    rig.start();
    const web = await rig.child("web.1");
    await web.trap("SIGTERM", slow);
    const { code, stdout } = await rig.stop();
    expect(linesOf(stdout, "web.1").slice(-2)).toEqual(slow.lines);
    expect(stdout).toMatch(/web\.1 stopped after \d.* s \(/);
    expect(code).toBe(130);
  });
});

describe.concurrent("a reader that goes away", () => {
  it("ends procman quietly, and with it all processes", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start();
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await worker.trap("SIGTERM", goodbye);
    await rig.line(/worker\.1 started/);
    rig.closeOutput();
    // It may notice by itself, and stop the process before that has printed anything.
    await web.print("to nobody").catch(() => {});
    const { code, stderr } = await rig.end();
    expect(worker.signals).toEqual(["SIGTERM"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("may be head", async () => {
    await using rig = await Rig.create({ Procfile: "web: while :; do echo y; sleep 0.1; done\n" });
    rig.start([], { under: ["/bin/sh", "-c", '{ "$@"; echo "code $?" >&2; } | head -1', "sh"] });
    const { stdout, stderr } = await rig.end();
    expect(stdout).toMatch(/^.*web\.1 started.*\n$/);
    expect(stderr).toBe("code 0\n");
  });
});

describe.concurrent("--no-restart", () => {
  it.each([3, 0])("stops the rest when one ends, and ends with its code: %i", async (code) => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(["--no-restart"]);
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await worker.trap("SIGTERM", { afterMs: 0, lines: ["goodbye"], code: 9 });
    await web.exit(code);
    const end = await rig.end();
    expect(end.code).toBe(code);
    expect(linesOf(end.stdout, "worker.1")).toEqual(["goodbye"]);
    expect(rig.children).toHaveLength(2);
  });

  it("ends with what a shell would say of a signal", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start(["--no-restart"]);
    await rig.child("worker.1");
    process.kill((await rig.child("web.1")).pid, "SIGKILL");
    const { code } = await rig.end();
    expect(code).toBe(137);
  });
});
