import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("../../bin/procman.js", import.meta.url));
const isNodesOwn = "enableCompileCache" in nodeModule;

let home = "";
let cache = "";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "load-test-"));
  cache = join(home, ".cache/procman");
  await writeFile(join(home, "Procfile"), "web: true\n");
});

afterEach(async () => {
  await chmod(home, 0o700);
  await rm(home, { recursive: true });
});

/** What `check` has to say. */
function check(env: Readonly<Record<string, string>> = { HOME: home }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "check"], {
    cwd: home,
    env,
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

const well = { status: 0, stdout: "1 process type: web; all is well\n", stderr: "" };

async function keptFiles(): Promise<readonly string[]> {
  return (await readdir(cache)).sort().map((name) => join(cache, name));
}

describe.skipIf(isNodesOwn)(
  `what is kept of the program${isNodesOwn ? " (this Node keeps it itself)" : ""}`,
  () => {
    it("is there after the first time, for its owner only, and used again", async () => {
      expect(check()).toEqual(well);
      const files = await keptFiles();
      expect(files).toHaveLength(2);
      expect((await stat(cache)).mode & 0o777).toBe(0o700);
      for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
      const before = await Promise.all(files.map((file) => stat(file)));
      expect(check()).toEqual(well);
      const after = await Promise.all(files.map((file) => stat(file)));
      expect(after.map(({ ino }) => ino)).toEqual(before.map(({ ino }) => ino));
    });

    it("may be of many files, of which nothing is printed", async () => {
      const names = Array.from({ length: 20 }, (_, index) => join(home, `part${index}.cjs`));
      for (const name of names) await writeFile(name, "exports.is = 1;");
      const loader = fileURLToPath(new URL("../../bin/load.js", import.meta.url));
      const script = `for (const name of ${JSON.stringify(names)}) require(${JSON.stringify(loader)}).load(name)`;
      const env = { HOME: home };
      const { stderr } = spawnSync(process.execPath, ["-e", script], { env, encoding: "utf8" });
      expect(stderr).toBe("");
      expect(await keptFiles()).toHaveLength(20);
    });

    it("is made anew when it is damaged, wherever that is", async () => {
      check();
      for (let round = 0; round < 8; round += 1) {
        for (const file of await keptFiles()) {
          const bytes = await readFile(file);
          const at = Math.floor((bytes.length * (2 * round + 1)) / 16);
          bytes.fill(0, at, at + 64);
          await writeFile(file, round === 7 ? bytes.subarray(0, at) : bytes);
        }
        expect(check()).toEqual(well);
      }
    });

    it("is not read where others could have written it", async () => {
      check();
      const files = await keptFiles();
      for (const file of files) await writeFile(file, "");
      await chmod(cache, 0o777);
      expect(check()).toEqual(well);
      expect(await Promise.all(files.map((file) => readFile(file, "utf8")))).toEqual(["", ""]);
    });

    it("is done without where it cannot be", async () => {
      await writeFile(join(home, ".cache"), "a file");
      expect(check()).toEqual(well);
      expect(check({})).toEqual(well);
      expect(check({ HOME: "/proc" })).toEqual(well);
    });

    it("is only of the last versions", async () => {
      await mkdir(cache, { recursive: true, mode: 0o700 });
      for (const version of ["1", "2", "3", "4"]) {
        await writeFile(join(cache, `main.cjs-${version}`), "", { mode: 0o600 });
      }
      check();
      const names = (await readdir(cache)).filter((name) => name.startsWith("main.cjs-"));
      expect(names).toHaveLength(3);
    });
  },
);
