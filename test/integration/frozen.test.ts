import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { hasProgram, procfile, program, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const lineBytes = 80;

/**
 * Runs its arguments on a terminal that nobody reads. When its stdin has text in it, the terminal
 * is closed, as by a window that goes away. With TEST_UID they run as that user, who does not own
 * the terminal.
 */
const unreadTerminal = `
import os, pty, select, sys
pid, terminal = pty.fork()
if pid == 0:
    uid = int(os.environ.get("TEST_UID", "0"))
    if uid:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    os.execv(sys.argv[1], sys.argv[1:])
if sys.stdin.read():
    os.read(terminal, 1)
    os.close(terminal)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
`;

describe.concurrent("nobody reads a pipe", () => {
  it("and a process that crashes is started again in time", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start([], { isUnread: true });
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    const flood = web.flood({ lines: 1_000_000, lineBytes, chunkBytes: 10_000 });
    await rig.stuck(web);
    const startMs = performance.now();
    await worker.exit(1);
    const second = await rig.child("worker.1", 2);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    // It can print too, into what the system keeps for it.
    await second.print("here again");
    rig.readOn();
    // After two seconds, which all of this may have taken, it may be among what is left out.
    await rig.line(/worker\.1 \| here again$|\d+ lines \(\d+ bytes\) are missing here/);
    await flood;
    const { code } = await rig.stop();
    expect(code).toBe(130);
  });

  it("and Ctrl-C ends procman and all processes, after they have had their time", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start([], { isUnread: true });
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    await worker.trap("SIGTERM", { afterMs: 300, lines: ["goodbye"], code: 0 });
    const flood = web.flood({ lines: 1_000_000, lineBytes, chunkBytes: 10_000 });
    await rig.stuck(web);
    rig.pressCtrlC();
    const { code } = await rig.end();
    expect(worker.signals).toEqual(["SIGTERM"]);
    expect(code).toBe(130);
    await expect(flood).rejects.toThrow("gone");
  });

  it("and how much is lost is said", async () => {
    const lines = 50_000;
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start([], { isUnread: true });
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    const flood = web.flood({ lines, lineBytes, chunkBytes: 10_000 });
    await rig.stuck(web);
    rig.pressCtrlC();
    await flood;
    await web.exit(0);
    const { code, stdout, stderr } = await rig.end();
    expect(code).toBe(130);
    const shown = stdout.match(/ web\.1 {3}\| \d+ \.*\n/g)?.length ?? 0;
    const missing = Number(/^procman: (\d+) lines? /.exec(stderr)?.[1]);
    expect(shown).toBeLessThan(lines);
    expect(shown + missing).toBeGreaterThanOrEqual(lines);
    // What was being written when procman gave up may be counted, although some of it came through.
    expect(shown + missing).toBeLessThan(lines + 5_000);
    expect(stdout).not.toContain("waiting for ;");
  });
});

const otherUid = 12_345;
const whyNoOther = findWhyNoOther();

/** Why nothing can be run as another user here; empty when it can. */
function findWhyNoOther(): string {
  if (process.getuid?.() !== 0) return " (only root can become another user)";
  const asOther = { uid: otherUid, gid: otherUid };
  const { status } = spawnSync(process.execPath, [program, "--version"], asOther);
  return status === 0 ? "" : " (procman is in a folder that is closed to other users)";
}

describe.runIf(hasProgram("python3")).concurrent("nobody reads a terminal", () => {
  const under = ["/usr/bin/env", "python3", "-c", unreadTerminal];

  async function crashAndStop(env: Readonly<Record<string, string>>): Promise<void> {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    await rig.openToAll();
    rig.start([], { under, env });
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    const flood = web.flood({ lines: 1_000_000, lineBytes, chunkBytes: 10_000 });
    await rig.stuck(web);
    const startMs = performance.now();
    await worker.exit(1);
    const second = await rig.child("worker.1", 2);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    await second.trap("SIGTERM", { afterMs: 300, lines: ["goodbye"], code: 0 });
    process.kill(second.hello.ppid, "SIGINT");
    const { code } = await rig.end();
    expect(second.signals).toEqual(["SIGTERM"]);
    expect(code).toBe(130);
    await expect(flood).rejects.toThrow("gone");
  }

  it("and a process that crashes is started again in time, and Ctrl-C ends all", () =>
    crashAndStop({}));

  it.skipIf(whyNoOther !== "")(`and it belongs to another user${whyNoOther}`, () =>
    crashAndStop({ TEST_UID: String(otherUid) }),
  );

  it("and it goes away: that is SIGHUP, and everything ends", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    rig.start([], { under, stdin: "close it" });
    const { code } = await rig.end();
    expect(code).toBe(129);
  });
});
