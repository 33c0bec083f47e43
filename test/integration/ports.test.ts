import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { newSupervisorId } from "../../src/core/supervisor-id.ts";
import { hasProgram, procfile, program, Rig, testTimeout, tryListen } from "../support/rig.ts";
import { isAlive } from "../support/survivors.ts";

vi.setConfig({ testTimeout });

interface Straggler extends AsyncDisposable {
  readonly pid: number;
  /** The signal that ended it, or its exit code. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

const exitCodeAfterGoodbye = 7;

/**
 * What a procman with this pid had started for the app in `root`, and is listening now. SIGTERM ends it at
 * once, or after `goodbyeMs`.
 */
async function leaveBehind(
  port: number,
  owner: { readonly pid: number; readonly root: string },
  goodbyeMs?: number,
): Promise<Straggler> {
  const listen = `require("node:net").createServer().listen(${port}, () => console.log("there"))`;
  const leave = `setTimeout(() => process.exit(${exitCodeAfterGoodbye}), ${goodbyeMs})`;
  const trap = goodbyeMs === undefined ? "" : `process.once("SIGTERM", () => ${leave});`;
  const left = spawn(process.execPath, ["-e", `${trap} ${listen}`], {
    env: {
      PATH: process.env["PATH"],
      PROCMAN_APP: "app",
      PROCMAN_ID: newSupervisorId({ ...owner, timeMs: Date.now(), random: Math.random() }),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    left.once("exit", (code, signal) => resolve(signal ?? code));
  });
  await once(left.stdout, "data");
  return {
    pid: left.pid ?? 0,
    ended,
    async [Symbol.asyncDispose]() {
      left.kill("SIGKILL");
      await ended;
    },
  };
}

/** Of a process that is no more. */
function endedPid(): number {
  return spawnSync("true").pid;
}

describe.concurrent("ports", () => {
  it("names the holder of web's port and starts nothing", async () => {
    await using rig = await Rig.create({ Procfile: procfile("worker", "web") });
    const holder = await tryListen(rig.port);
    rig.start();
    const { code, stdout, stderr } = await rig.end();
    holder?.close();
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      new RegExp(
        `^procman: port ${rig.port} of web\\.1 is held by node \\(pid ${process.pid}, user .+\\); stop it, or `,
      ),
    );
    expect(stderr).toMatch(/--port auto\n$/);
    expect(rig.children).toEqual([]);
    expect(await rig.temporaryFiles()).toEqual([]);
  });

  it.each(["127.0.0.1", "::1"])("sees a holder on %s alone", async (host) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const holder = await tryListen(rig.port, host);
    rig.start();
    const { code, stderr } = await rig.end();
    holder?.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`(pid ${process.pid}, `);
  });

  it("ends what an earlier procman had left on web's port", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    await using left = await leaveBehind(rig.port, { pid: endedPid(), root: rig.folder });
    rig.start();
    await rig.line(
      new RegExp(
        `ended what an earlier procman had left on port ${rig.port}: .+ \\(pid ${left.pid}\\)$`,
      ),
    );
    expect(await left.ended).toBe("SIGTERM");
    await rig.child("web.1");
    await rig.stop();
  });

  it("looks at the other ports of web when one has been freed", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    await using left = await leaveBehind(rig.port, { pid: endedPid(), root: rig.folder });
    const holder = await tryListen(rig.port + 1);
    rig.start(["web=2"]);
    const { code, stderr } = await rig.end();
    holder?.close();
    expect(await left.ended).toBe("SIGTERM");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^procman: ended what .+ \\(pid ${left.pid}\\); port ${rig.port + 1} of web\\.2 is held by node \\(pid ${process.pid}, user .+\\); stop it, or `,
      ),
    );
    expect(rig.children).toEqual([]);
  });

  it("ends what several earlier procmans had left on them", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const root = rig.folder;
    await using first = await leaveBehind(rig.port, { pid: endedPid(), root });
    await using second = await leaveBehind(rig.port + 1, { pid: endedPid(), root });
    rig.start(["web=2"]);
    await rig.line(/web\.2 started/);
    expect(await Promise.all([first.ended, second.ended])).toEqual(["SIGTERM", "SIGTERM"]);
    expect(rig.count(/ended what an earlier procman had left on port /)).toBe(2);
    await rig.stop();
  });

  it("ends what an earlier procman had left rather than move the block", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    await using left = await leaveBehind(rig.port + 100, { pid: endedPid(), root: rig.folder });
    rig.procman(["start", "--port", "auto"], { env: { PORT: String(rig.port) } });
    const web = await rig.child("web.1");
    expect(await left.ended).toBe("SIGTERM");
    expect(web.variable("PORT")).toBe(String(rig.port));
    await rig.stop();
  });

  it("gives what an earlier procman had left the whole grace period", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const owner = { pid: endedPid(), root: rig.folder };
    // Longer than what has left its group is given.
    await using left = await leaveBehind(rig.port, owner, 1_500);
    rig.start(["-t", "30"]);
    await rig.line(/ended what an earlier procman had left on port /);
    expect(await left.ended).toBe(exitCodeAfterGoodbye);
    await rig.stop();
  });

  it.each([
    ["a procman that is alive", (folder: string) => ({ pid: process.pid, root: folder })],
    [
      "an app of the same name in another folder",
      () => ({ pid: endedPid(), root: "/elsewhere/app" }),
    ],
  ])("leaves what belongs to %s", async (_, ownerIn) => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    await using left = await leaveBehind(rig.port, ownerIn(rig.folder));
    rig.start();
    const { code, stderr } = await rig.end();
    expect(code).toBe(1);
    expect(stderr).toContain(`(pid ${left.pid}, `);
    expect(isAlive(left.pid)).toBe(true);
  });

  it("moves the whole block with --port auto and says so", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    const holder = await tryListen(rig.port + 100);
    rig.procman(["start", "--port", "auto"], { env: { PORT: String(rig.port) } });
    const [, taken, moved] = await rig.line(
      /port (\d+) of worker\.1 is held by .+ \(pid \d+, .+\); the ports begin at (\d+) instead of \d+$/,
    );
    const web = await rig.child("web.1");
    const worker = await rig.child("worker.1");
    holder?.close();
    expect(Number(taken)).toBe(rig.port + 100);
    expect(Number(moved) % 1_000).toBe(rig.port % 1_000);
    expect(web.hello.env).toMatchObject({ PORT: moved, PROCMAN_PORT_WEB: moved });
    expect(worker.variable("PORT")).toBe(String(Number(moved) + 100));
    await rig.stop();
  });

  it("stays where it is with --port auto when nothing is in the way", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.procman(["start", "--port", "auto"], { env: { PORT: String(rig.port) } });
    const web = await rig.child("web.1");
    expect(web.variable("PORT")).toBe(String(rig.port));
    await rig.stop();
  });

  it("says that web is up when it answers", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    rig.start();
    const web = await rig.child("web.1");
    expect(await web.listen()).toBe(rig.port);
    await rig.line(/procman \| web\.1 is up after /);
    await rig.stop();
  });
});

/** Connections that this side closes first leave it so. */
async function leaveInTimeWait(port: number): Promise<void> {
  const server = createServer((socket) => socket.end()).listen(port, "127.0.0.1");
  await once(server, "listening");
  const client = connect(port, "127.0.0.1").resume();
  await once(client, "close");
  server.close();
  await once(server, "close");
}

/** Cannot have a port in TIME_WAIT, as it does not set SO_REUSEADDR. */
const perlServer = `
use IO::Socket::INET;
IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ENV{PORT}, Listen => 1) or die $!;
`;

describe.concurrent("a process that fails while its port is held", () => {
  it("is started when that is free, and has not failed", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    const port = rig.port + 100;
    const holder = await tryListen(port);
    rig.start();
    const first = await rig.child("worker.1");
    expect(await first.listen()).toBe("EADDRINUSE");
    await first.exit(1);
    await rig.line(
      new RegExp(
        `worker\\.1 exited with code 1 after .+, and its port ${port} is held by node \\(pid ${process.pid}, user .+\\); starting it again when that is free, in 1\\d s at the latest$`,
      ),
    );
    holder?.close();
    const second = await rig.child("worker.1", 2);
    expect(await second.listen()).toBe(port);
    await second.exit(1);
    await rig.line(/worker\.1 exited with code 1 after [^,]+; starting it again in [^(]+$/);
    await rig.stop();
  });

  it("is started again all the same after a while", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    const holder = await tryListen(rig.port + 100);
    rig.start();
    await (await rig.child("worker.1")).exit(1);
    await rig.child("worker.1", 2);
    await rig.stop();
    holder?.close();
  });

  it("is not waited for when all are stopped", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    const holder = await tryListen(rig.port + 100);
    rig.start();
    await (await rig.child("worker.1")).exit(1);
    await rig.line(/worker\.1 exited with code 1 .+ when that is free/);
    const { code } = await rig.stop();
    holder?.close();
    expect(code).toBe(130);
    expect(rig.count(/worker\.1 started/)).toBe(1);
  });

  it("is started when what an earlier procman had left there is ended", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    const owner = { pid: endedPid(), root: rig.folder };
    await using left = await leaveBehind(rig.port + 100, owner);
    rig.start();
    await (await rig.child("worker.1")).exit(1);
    await rig.line(
      new RegExp(
        `worker\\.1 had what an earlier procman had left on its port ${rig.port + 100}: .+ \\(pid ${left.pid}\\); ended$`,
      ),
    );
    expect(await left.ended).toBe("SIGTERM");
    await rig.child("worker.1", 2);
    await rig.stop();
  });

  it("ends all with --no-restart, and the holder is told", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web", "worker") });
    const holder = await tryListen(rig.port + 100);
    rig.start(["--no-restart"]);
    await (await rig.child("worker.1")).exit(7);
    const { code, stdout } = await rig.end();
    holder?.close();
    expect(code).toBe(7);
    expect(stdout).toMatch(
      new RegExp(`exited with code 7 .+ is held by .+ \\(pid ${process.pid}, .+\\); not started`),
    );
  });

  it.runIf(hasProgram("perl"))("by nobody, but in TIME_WAIT, is told so", async () => {
    const web = `perl -e '${perlServer.replaceAll("\n", " ")}'`;
    await using rig = await Rig.create({ Procfile: `web: ${web}\n` });
    await leaveInTimeWait(rig.port);
    rig.start();
    await rig.line(/web\.1 +\| Address already in use/);
    await rig.line(
      new RegExp(
        `web\\.1 exited with code \\d+ after .+, and its port ${rig.port} is in TIME_WAIT for [1-6]?\\d s more, which keeps out a server that does not set SO_REUSEADDR; starting it again in `,
      ),
    );
    await rig.stop();
  });
});

const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/** Why this cannot be tested here, for the name of the test. */
function findWhyNoOther(): string {
  if (process.getuid?.() !== 0 || !hasProgram("setpriv")) {
    return " (SKIPPED: only root can become another user)";
  }
  const { status } = spawnSync("setpriv", [...nobody, process.execPath, program, "--version"]);
  return status === 0 ? "" : " (SKIPPED: procman is in a folder that is closed to other users)";
}

const whyNoOther = findWhyNoOther();

describe.concurrent("the holder of web's port", () => {
  it.skipIf(whyNoOther !== "")(
    `is told by its user alone when that is another${whyNoOther}`,
    async () => {
      await using rig = await Rig.create({ Procfile: procfile("web") });
      await rig.openToAll();
      const holder = await tryListen(rig.port);
      rig.start([], { under: ["setpriv", ...nobody] });
      const { code, stderr } = await rig.end();
      holder?.close();
      expect(code).toBe(1);
      expect(stderr).toContain(
        `port ${rig.port} of web.1 is held by a process (pid out of sight, user root); find it with sudo ss -ltnp "sport = :${rig.port}", or choose other ports with --port N or --port auto`,
      );
    },
  );

  it("may be a container", async () => {
    await using rig = await Rig.create({ Procfile: procfile("web") });
    const listen = `require("node:net").createServer().listen(${rig.port}, () => console.log("there"))`;
    const proxy = spawn(process.execPath, ["-e", listen], {
      argv0: "docker-proxy",
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(proxy.stdout, "data");
    rig.start();
    const { code, stderr } = await rig.end();
    proxy.kill();
    await once(proxy, "exit");
    expect(code).toBe(1);
    expect(stderr).toContain(`is held by a container (docker-proxy, pid ${proxy.pid}, user `);
    expect(stderr).toContain(
      `; find it with docker ps --filter publish=${rig.port}, and stop it, `,
    );
  });
});
