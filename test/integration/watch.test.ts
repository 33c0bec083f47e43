import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { procfile, Rig, testTimeout } from "../support/rig.ts";

vi.setConfig({ testTimeout });

const isWatched = "types: {web: {watch: {paths: src, debounce: 100ms}}}\n";

function app(settings = isWatched, files: Readonly<Record<string, string>> = {}): Promise<Rig> {
  return Rig.create({
    Procfile: procfile("web", "worker"),
    "procman.yml": settings,
    "src/a.ts": "1",
    ...files,
  });
}

async function start(rig: Rig, ...args: readonly string[]): Promise<void> {
  rig.start(args);
  await rig.child("web.1");
  await rig.line(/watching for changes/);
}

/** How often `web.1` has been restarted for its files. */
function restarts(rig: Rig): number {
  return rig.count(/ web\.1 is restarted, because /);
}

describe.concurrent("watch", () => {
  it("restarts each process of a type, and says for which file", async () => {
    await using rig = await app();
    await start(rig, "web=2", "worker");
    await rig.line(/watching for changes: web \(1 file\)$/);
    await rig.child("web.2");
    const worker = await rig.child("worker.1");
    await rig.write("src/a.ts", "2");
    await rig.line(/ web\.1 is restarted, because src\/a\.ts changed$/);
    await rig.line(/ web\.2 is restarted, because src\/a\.ts changed$/);
    await rig.child("web.1", 2);
    await rig.child("web.2", 2);
    expect(worker.isGone).toBe(false);
    expect(rig.log()).toContain("procman[web.1]: Restarting, because src/a.ts changed");
    await rig.stop();
  });

  it("takes many changes in a row for one", async () => {
    await using rig = await app("types: {web: {watch: {paths: src/**, debounce: 1s}}}\n");
    await start(rig);
    for (const name of ["b", "c", "d", "e"]) {
      writeFileSync(join(rig.folder, `src/${name}.ts`), name);
    }
    await rig.line(/ web\.1 is restarted, because src\/b\.ts changed, \+3 more$/);
    await rig.child("web.1", 2);
    await rig.write("src/b.ts", "again");
    await rig.line(/ web\.1 is restarted, because src\/b\.ts changed$/);
    await rig.child("web.1", 3);
    await rig.stop();
    expect(restarts(rig)).toBe(2);
  });

  it("takes what an editor does to save a file for one change", async () => {
    await using rig = await app("types: {web: {watch: src/**/*.ts}}\n");
    await start(rig);
    const file = join(rig.folder, "src/a.ts");
    writeFileSync(`${file}~`, "2");
    renameSync(`${file}~`, file);
    utimesSync(file, 1, 1);
    await rig.line(/ web\.1 is restarted, because src\/a\.ts changed$/);
    await rig.child("web.1", 2);
    // And goes on with the file that has taken its place.
    await rig.write("src/a.ts", "3");
    await rig.child("web.1", 3);
    await rig.stop();
    expect(restarts(rig)).toBe(2);
  });

  it("sees folders that come, move and go, and files that are deleted", async () => {
    await using rig = await app();
    const at = (path: string) => join(rig.folder, path);
    await start(rig);
    mkdirSync(at("src/new/deep"), { recursive: true });
    writeFileSync(at("src/new/deep/b.ts"), "1");
    await rig.line(/web\.1 is restarted, because src\/new\/deep\/b\.ts changed/);
    await rig.child("web.1", 2);
    renameSync(at("src/new"), at("src/old"));
    await rig.child("web.1", 3);
    await rig.line(/web\.1 is restarted, because src\/(new|old)/);
    await rig.write("src/old/deep/b.ts", "2");
    await rig.line(/web\.1 is restarted, because src\/old\/deep\/b\.ts changed$/);
    await rig.child("web.1", 4);
    rmSync(at("src/old/deep/b.ts"));
    await rig.line(/web\.1 is restarted, because src\/old\/deep\/b\.ts changed$/, 2);
    await rig.child("web.1", 5);
    await rig.stop();
  });

  it("goes on when all it watches is removed, and comes again", async () => {
    // Longer than it takes to notice another folder: all that is told of one removal is one burst.
    const settings = "types: {web: {watch: {paths: src, debounce: 400ms}}}\n";
    await using rig = await app(settings, { "src/deep/b.ts": "1" });
    const source = join(rig.folder, "src");
    await start(rig);
    rmSync(source, { recursive: true });
    await rig.child("web.1", 2);
    await rig.write("src/c.ts", "1");
    await rig.line(/web\.1 is restarted, because src\/c\.ts changed$/);
    await rig.child("web.1", 3);
    // Before anybody can have noticed.
    rmSync(source, { recursive: true });
    mkdirSync(source);
    writeFileSync(join(source, "d.ts"), "1");
    await rig.child("web.1", 4);
    await rig.write("src/d.ts", "2");
    await rig.line(/web\.1 is restarted, because src\/d\.ts changed$/);
    await rig.child("web.1", 5);
    await rig.stop();
  });

  it("takes what has the name of its folder for no sign of the folder", async () => {
    // The one that waits longer says when all has been noticed.
    await using rig = await app(
      `types:
  web: {watch: {paths: "**/*.ts", debounce: 100ms}}
  worker: {watch: {paths: src/a.ts, debounce: 1s}}
`,
      { "b.ts": "1" },
    );
    await start(rig);
    for (const program of ["app", "src/src"]) {
      const path = join(rig.folder, program);
      for (const text of ["1", "2"]) {
        writeFileSync(`${path}.new`, text);
        renameSync(`${path}.new`, path);
      }
      rmSync(path);
      writeFileSync(path, "3");
      rmSync(path);
    }
    await rig.write("src/a.ts", "2");
    await rig.line(/worker\.1 is restarted, because src\/a\.ts changed$/);
    await rig.child("web.1", 2);
    await rig.stop();
    expect(rig.count(/web\.1 is restarted, because src\/a\.ts changed$/)).toBe(1);
    expect(restarts(rig)).toBe(1);
  });

  it("waits for a folder that is not there yet", async () => {
    await using rig = await app("types: {web: {watch: {paths: dist/js/**, debounce: 100ms}}}\n");
    await start(rig);
    await rig.line(/watching for changes: web \(0 files\)$/);
    await rig.write("dist/js/a.js", "1");
    await rig.line(/web\.1 is restarted, because dist\/js\/a\.js changed$/);
    await rig.child("web.1", 2);
    await rig.stop();
  });

  it("leaves out what is ignored, by git or for good, and where links lead", async () => {
    await using rig = await app(
      "types: {web: {watch: {paths: ., ignore: '**/*.test.ts', debounce: 100ms}}}\n",
      {
        ".git/HEAD": "",
        ".gitignore": "*.log\n",
        "src/.gitignore": "tmp\n",
        "src/tmp/x": "",
        "node_modules/x/index.js": "",
      },
    );
    const outside = join(rig.folder, "../outside");
    mkdirSync(outside);
    symlinkSync(outside, join(rig.folder, "src/link"));
    await start(rig);
    for (const path of [
      "x.log",
      "src/tmp/x",
      "src/a.test.ts",
      "node_modules/x/index.js",
      "src/node_modules/y/index.js",
      ".git/HEAD",
      "src/link/x",
    ]) {
      await rig.write(path, "2");
    }
    await rig.write("src/a.ts", "2");
    await rig.line(/web\.1 is restarted, because src\/a\.ts changed$/);
    await rig.child("web.1", 2);
    await rig.stop();
    expect(restarts(rig)).toBe(1);
  });

  it("restarts nothing that somebody has stopped", async () => {
    await using rig = await app("types: {web: {watch: src}, worker: {watch: src}}\n");
    await start(rig);
    await rig.child("worker.1");
    expect(await rig.ask("stop", "web")).toMatchObject({ code: 0 });
    await rig.write("src/a.ts", "2");
    await rig.line(/worker\.1 is restarted, because src\/a\.ts changed$/);
    await rig.child("worker.1", 2);
    expect((await rig.ask("ps")).stdout).toMatch(/^web\.1: down /m);
    await rig.stop();
    expect(restarts(rig)).toBe(0);
  });

  it.each([
    ["has crashed", 3, /web\.1 exited with code 3 .* starting it again in \d+ s/],
    ["is parked", 127, /web\.1 exited with code 127 .* parked/],
    ["has ended well", 0, /web\.1 exited with code 0 after/],
  ])("starts again what %s, and without it procman goes on", async (_, code, line) => {
    await using rig = await Rig.create({
      Procfile: procfile("web"),
      "procman.yml":
        "types: {web: {restart: {backoff: 10m}, watch: {paths: src, debounce: 100ms}}}\n",
      "src/a.ts": "1",
    });
    await start(rig);
    await (await rig.child("web.1")).exit(code);
    await rig.line(line);
    await rig.write("src/a.ts", "2");
    await rig.line(/web\.1 is restarted, because src\/a\.ts changed$/);
    await rig.child("web.1", 2);
    await rig.stop();
  });

  it("needs one restart for what changes while it is being restarted", async () => {
    await using rig = await app();
    await start(rig);
    const web = await rig.child("web.1");
    await web.trap("SIGTERM");
    await rig.write("src/a.ts", "2");
    await web.signalled("SIGTERM");
    await rig.write("src/b.ts", "2");
    await rig.line(/web\.1 is restarted, because src\/b\.ts changed$/);
    process.kill(web.pid, "SIGKILL");
    await rig.child("web.1", 2);
    await rig.write("src/c.ts", "2");
    await rig.line(/web\.1 is restarted, because src\/c\.ts changed$/);
    await rig.child("web.1", 3);
    await rig.stop();
    expect(rig.children.filter(({ name }) => name === "web.1")).toHaveLength(3);
  });

  it("starts it when its port is free, and not before", async () => {
    await using rig = await app();
    await start(rig);
    const worker = await rig.child("worker.1");
    expect(await worker.listen(rig.port)).toBe(rig.port);
    await rig.write("src/a.ts", "2");
    await rig.line(/web\.1 stopped after/);
    expect((await rig.ask("ps")).stdout).toMatch(/^web\.1: starting /m);
    expect(rig.children.filter(({ name }) => name === "web.1")).toHaveLength(1);
    await worker.exit(0);
    await rig.child("web.1", 2);
    await rig.stop();
  });

  it("does nothing with --no-watch", async () => {
    await using rig = await app();
    rig.start(["--no-watch"]);
    const web = await rig.child("web.1");
    await rig.write("src/a.ts", "2");
    expect(await rig.ask("wait", "worker")).toMatchObject({ code: 0 });
    await web.exit(0);
    await (await rig.child("worker.1")).exit(0);
    const { code, stdout } = await rig.end();
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/watching|is restarted/);
  });

  it("follows procman reload", async () => {
    await using rig = await app();
    await start(rig);
    const web = await rig.child("web.1");
    await rig.write("procman.yml", "types: {web: {watch: {paths: lib, debounce: 100ms}}}\n");
    const { stdout } = await rig.ask("reload");
    expect(stdout).toBe("web: adjust web.1 (watch changed in procman.yml)\n");
    await rig.line(/watching for changes: web \(0 files\)$/);
    await rig.write("src/a.ts", "2");
    await rig.write("lib/a.ts", "2");
    await rig.line(/web\.1 is restarted, because lib\/a\.ts changed$/);
    await web.gone();
    await rig.child("web.1", 2);
    await rig.write("procman.yml", "types: {worker: {watch: {paths: src, debounce: 100ms}}}\n");
    expect(await rig.ask("reload")).toMatchObject({ code: 0 });
    await rig.line(/watching for changes: worker \(1 file\)$/);
    await rig.write("lib/a.ts", "3");
    await rig.write("src/a.ts", "3");
    await rig.line(/worker\.1 is restarted, because src\/a\.ts changed$/);
    await rig.stop();
    expect(restarts(rig)).toBe(1);
  });

  it("tells all mistakes, each in its place", async () => {
    await using rig = await app(
      "types:\n  web:\n    watch: [src, '!src/x', 'src/{a']\n  worker:\n    watch: {ignore: 'x[', debounce: 5}\n",
    );
    expect((await rig.ask("check")).stdout.split("\n").slice(0, -2)).toEqual([
      'procman.yml:5:37: error: "5" is not a duration such as 500ms, 10s or 5m; it needs a unit, as in 5s',
    ]);
    await rig.write(
      "procman.yml",
      "types:\n  web:\n    watch: [src, '!src/x', 'src/{a']\n  worker:\n    watch: {ignore: 'x['}\n",
    );
    expect((await rig.ask("check")).stdout.split("\n").slice(0, -2)).toEqual([
      'procman.yml:3:18: error: "!src/x" begins with !; list what is left out in ignore, without the !',
      'procman.yml:3:28: error: "src/{a" has a { without its }; close it, or write \\{ for the letter',
      "procman.yml:5:5: error: there is no file to watch; as in watch: src/**",
      'procman.yml:5:21: error: "x[" has a [ without its ]; close it, or write \\[ for the letter',
    ]);
    await rig.write("procman.yml", "types: {web: {watch: []}}\n");
    expect((await rig.ask("check")).stdout).toContain(
      "procman.yml:1:22: error: there is no file to watch; as in watch: src/**",
    );
  });

  it.skipIf(!mayLimitWatches())(
    "says once that the system allows no more, and goes on",
    async () => {
      const folders = Array.from({ length: 20 }, (_, index) => [`src/${index}/a.ts`, "1"] as const);
      await using rig = await app(undefined, Object.fromEntries(folders));
      rig.start([], { under: [...limited, 'echo 8 > "$limit" && exec "$@"', "sh"] });
      await rig.child("web.1");
      await rig.line(/changes of some files will not be noticed: .*max_user_watches=/);
      await rig.line(/watching for changes: web/);
      expect(await rig.ask("wait", "worker")).toMatchObject({ code: 0 });
      await rig.stop();
      expect(rig.count(/will not be noticed/)).toBe(1);
    },
  );
});

/** Where whoever runs it may set its own limit. */
const limited = ["unshare", "-Ur", "env", "limit=/proc/sys/user/max_inotify_watches", "sh", "-c"];

function mayLimitWatches(): boolean {
  const [file = "", ...words] = limited;
  try {
    execFileSync(file, [...words, 'echo 8 > "$limit"'], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
