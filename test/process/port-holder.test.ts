import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import process from "node:process";
import { describe, expect, it } from "vitest";
import {
  findPortHolder,
  isProxyFor,
  listeningPorts,
  parseLsof,
} from "../../src/process/port-holder.ts";
import { findPortTrouble } from "../../src/process/port-trouble.ts";
import { isPortFree, untilPortFree } from "../../src/process/ports.ts";
import { hasProgram } from "../support/rig.ts";

interface Listener extends AsyncDisposable {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** In this process, on a port that the system chooses. */
async function listen(options: { readonly host?: string; readonly ipv6Only?: boolean } = {}) {
  const server = createServer();
  server.listen({ port: 0, ...options });
  await once(server, "listening");
  const address = server.address();
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const listener: Listener = {
    port: typeof address === "object" && address ? address.port : 0,
    close,
    [Symbol.asyncDispose]: close,
  };
  return listener;
}

interface Elsewhere extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly port: number;
}

/** What a program says first is the port on which it listens. It ends with its input. */
async function listenElsewhere(file: string, args: readonly string[]) {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(child.stdout, "data");
  const elsewhere: Elsewhere = {
    process: child,
    port: Number(port),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
  return elsewhere;
}

const script = `
const server = require("node:net").createServer().listen(0, () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
`;

describe.runIf(process.platform === "linux")("who holds a port", () => {
  it.each<[name: string, options: { readonly host?: string; readonly ipv6Only?: boolean }]>([
    ["all addresses", {}],
    ["IPv4 alone", { host: "0.0.0.0" }],
    ["the loopback of IPv4", { host: "127.0.0.1" }],
    ["the loopback of IPv6", { host: "::1" }],
    ["IPv6 alone", { host: "::", ipv6Only: true }],
  ])("is seen on %s", async (_, options) => {
    await using listener = await listen(options);
    expect(await isPortFree(listener.port)).toBe(false);
    expect(await findPortHolder(listener.port)).toMatchObject({ pid: process.pid });
    await listener.close();
    expect(await isPortFree(listener.port)).toBe(true);
  });

  it("is told with its command and user", async () => {
    await using elsewhere = await listenElsewhere(process.execPath, ["-e", script, "a b"]);
    expect(await findPortHolder(elsewhere.port)).toEqual({
      pid: elsewhere.process.pid,
      command: `${process.execPath}\0-e\0${script}\0a b\0`,
      user: userInfo().username,
    });
  });

  const canBeAnother = process.getuid?.() === 0 && hasProgram("setpriv");
  it.runIf(canBeAnother)("may be without a name", async () => {
    const another = ["--reuid", "54321", "--clear-groups", process.execPath, "-e", script];
    await using elsewhere = await listenElsewhere("setpriv", another);
    const found = await findPortHolder(elsewhere.port);
    expect(found).toMatchObject({ pid: elsewhere.process.pid, user: "uid 54321" });
  });

  it("goes, and that is noticed", async () => {
    await using listener = await listen();
    const { signal } = new AbortController();
    const isFree = untilPortFree(listener.port, 60_000, signal);
    await listener.close();
    expect(await isFree).toBe(true);
  });

  it("is not waited for when nobody wants to know any more", async () => {
    await using listener = await listen();
    const controller = new AbortController();
    const isFree = untilPortFree(listener.port, 60_000, controller.signal);
    controller.abort();
    expect(await isFree).toBe(false);
  });

  it("stays, and that is found out", async () => {
    await using listener = await listen();
    expect(await untilPortFree(listener.port, 1, new AbortController().signal)).toBe(false);
  });

  it("is known by its pid", async () => {
    await using listener = await listen();
    expect(await listeningPorts([process.pid])).toContain(listener.port);
    expect(await listeningPorts([1 << 22])).toEqual([]);
  });
});

describe("what stands in the way of a port", () => {
  it("is nothing, when nobody is there", async () => {
    const { port, close } = await listen();
    await close();
    expect(await findPortTrouble(port)).toBeUndefined();
  });

  it("is its holder", async () => {
    await using listener = await listen();
    const { port } = listener;
    expect(await findPortTrouble(port)).toMatchObject({
      is: "held",
      port,
      holder: { pid: process.pid },
    });
  });
});

describe("what lsof prints", () => {
  it.each([
    [
      "a process",
      "p512\ncControlCenter\nLmarc\nf10\nf11\n",
      { pid: 512, command: "ControlCenter", user: "marc" },
    ],
    ["two", "p5\ncone\nLmarc\nf1\np6\nctwo\nLann\n", { pid: 5, command: "one", user: "marc" }],
    [
      "a command that begins like a process",
      "p5\ncp6\nLmarc\n",
      { pid: 5, command: "p6", user: "marc" },
    ],
    ["nothing, as when it is not there", "", { pid: undefined, command: "", user: undefined }],
  ])("%s", (_, output, holder) => {
    expect(parseLsof(output)).toEqual(holder);
  });
});

describe("Docker's proxy for a port", () => {
  const words = ["-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "5432", "-container-port"];
  it.each([
    ["this one", ["/usr/bin/docker-proxy", ...words, "80"], 5432, true],
    ["another port", ["/usr/bin/docker-proxy", ...words, "80"], 80, false],
    ["without ports", ["docker-proxy"], 5432, false],
    ["whose first word is the port", ["docker-proxy", "5432"], 5432, false],
    ["another program", ["vim", ...words], 5432, false],
  ])("%s", (_, command, port, isIt) => {
    expect(isProxyFor(command.join("\0"), port)).toBe(isIt);
  });
});
