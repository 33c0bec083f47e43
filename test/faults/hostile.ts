/** Somebody who means no good, or knows no better. */
import { readdirSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { allOf, type Fault } from "./fault.ts";
import { needsProgram, needsRoot } from "./needs.ts";
import { expectStatus } from "./oracles.ts";
import type { Chance } from "./random.ts";
import { pause, until } from "./until.ts";

const openFiles = 256;
const settledMs = 15_000;
/** The exit code of who had no answer in time, and has said so. */
const timedOut = 124;

export const hostileClients: Fault = {
  name: "hostile clients, with 256 open files allowed",
  must: "a proper client is answered before and after, and during it or told why not within 5 s",
  cannot: needsProgram("prlimit"),
  async run(stage) {
    const many = stage.form.isLong ? 3_000 : 600;
    const place = await stage.app({ Procfile: "worker: sleep 1000\n" });
    const talk = place.start([], { under: ["prlimit", `--nofile=${openFiles}:${openFiles}`] });
    await place.up();
    const path = place.socket() ?? "";
    const count = () => readdirSync(`/proc/${talk.pid}/fd`).length;
    const before = count();
    const words = [
      "",
      "GET /procman/v1/status HTTP/1.1\r\n",
      "\x00\xff\x16\x03\x01 nonsense\r\n\r\n",
      `GET / HTTP/1.1\r\nX: ${"x".repeat(2 ** 16)}`,
      "POST /procman/v1/scale HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n{",
      "GET /procman/v1/events HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    const sockets: Socket[] = [];
    for (let n = 0; n < many; n += 1) {
      const socket = connect({ path });
      socket.on("error", () => {});
      socket.write(stage.chance.oneOf(words));
      sockets.push(socket);
      if (n % 50 === 0) await pause(5);
    }
    const during = await place.ask("ps");
    if (during.ms > 6_000) throw new Error(`a proper client took ${Math.round(during.ms)} ms`);
    // Whoever says that procman does not run would be wrong.
    if (during.status !== 0 && during.status !== timedOut) {
      throw new Error(`a proper client ends with ${during.status} and says: ${during.stderr}`);
    }
    const huge = connect({ path });
    huge.on("error", () => {});
    huge.write(`GET / HTTP/1.1\r\nX: ${"x".repeat(10 * 2 ** 20)}\r\n\r\n`);
    for (const socket of [...sockets, huge]) socket.destroy();
    const after = await until("procman to answer again", settledMs, async () => {
      const end = await place.ask("ps");
      return end.status === 0 ? end : undefined;
    });
    await until("as many descriptors as before", settledMs, () => count() === before || undefined);
    talk.child.kill("SIGTERM");
    expectStatus((await talk.ended).status, 143);
    return `${many} clients; during it exit ${during.status} after ${Math.round(during.ms)} ms, then ${Math.round(after.ms)} ms`;
  },
};

const stranger = 12_345;

export const strangers: Fault = {
  name: "another user, and links where procman writes",
  must: "the other is refused, nothing is followed, and it is said",
  cannot: allOf(needsRoot, needsProgram("setpriv")),
  async run(stage) {
    const place = await stage.app({ Procfile: "worker: sleep 1000\n" });
    const talk = place.start();
    await place.up();
    const script = `require("net").connect(${JSON.stringify(place.socket())}).on("connect", () => process.exit(0)).on("error", ({ code }) => { console.log(code); process.exit(7); })`;
    const as = [`--reuid=${stranger}`, `--regid=${stranger}`, "--clear-groups"];
    const refused = await stage.spawn(["setpriv", ...as, process.execPath, "-e", script]).ended;
    if (refused.status !== 7) throw new Error("another user could connect");
    talk.child.kill("SIGTERM");
    await talk.ended;

    const linked = await stage.app({ Procfile: "worker: sleep 1000\n" });
    const elsewhere = join(stage.folder, "elsewhere");
    await mkdir(elsewhere);
    await symlink(elsewhere, linked.ownFolder);
    const end = await linked.start().ended;
    expectStatus(end.status, 1);
    if (!/link/.test(end.stderr)) throw new Error(`it says: ${end.stderr}`);

    const fileLinked = await stage.app({ Procfile: "worker: echo secret; sleep 1000\n" });
    const victim = join(stage.folder, "victim");
    await writeFile(victim, "untouched");
    await mkdir(join(fileLinked.ownFolder, "log"), { recursive: true, mode: 0o700 });
    await symlink(victim, join(fileLinked.ownFolder, "log", "app.log"));
    const running = fileLinked.start();
    await running.line(/\| secret/);
    await fileLinked.up();
    running.child.kill("SIGTERM");
    await running.ended;
    const text = await readFile(victim, "utf8");
    if (text !== "untouched" || (await readdir(elsewhere)).length > 0) {
      throw new Error("something was written through a link");
    }
    return refused.stdout.trim();
  },
};

const valid = "web: node index.js\nworker: node worker.js --flag 'a b'\n# comment\nclock: true\n";

export const malformed: Fault = {
  name: "malformed Procfile, .env and .foreman",
  must: "accepted, or refused with file and line; no hang, no crash",
  async run(stage) {
    const total = stage.form.isLong ? 400 : 40;
    const place = await stage.app({});
    let refused = 0;
    let slowestMs = 0;
    for (let n = 0; n < total; n += 1) {
      await place.write("Procfile", mutate(valid, stage.chance));
      await place.write(".env", mutate("A=1\nB='two'\nexport C=\"three\"\n", stage.chance));
      await place.write(".foreman", mutate("port: 3000\nformation: web=1\n", stage.chance));
      const { status, stdout, stderr, ms } = await place.ask("check");
      slowestMs = Math.max(slowestMs, ms);
      if (status === 0) continue;
      expectStatus(status, 1);
      refused += 1;
      if (!/^(Procfile|\.env|\.foreman)(:\d+|: )/m.test(`${stdout}${stderr}`)) {
        throw new Error(`it does not say where: ${stdout}${stderr}`);
      }
    }
    await place.write(".env", "");
    await place.write(".foreman", "");
    await place.write("Procfile", `web: ${"x".repeat(50 * 2 ** 20)}\n`);
    const long = await place.ask("check");
    expectStatus(long.status, 1);
    return `${total} of three files, ${refused} refused, slowest ${Math.round(slowestMs)} ms; 50 MB in a line refused after ${Math.round(long.ms)} ms`;
  },
};

function mutate(text: string, chance: Chance): string {
  const at = chance.between(0, text.length);
  const piece = chance.oneOf([
    "\0",
    "\ufeff",
    "\r\n",
    "\r",
    ":",
    "\\\n",
    "'",
    '"',
    "<<<<<<< HEAD\n",
    "é",
  ]);
  switch (chance.between(0, 3)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}${piece}${text.slice(at)}`;
    case 2:
      return `${text.slice(0, at)}${text.slice(at + chance.between(1, 9))}`;
    default:
      return `${piece}${text.replaceAll("\n", chance.oneOf(["\r\n", "\r", "\n\n"]))}`;
  }
}
