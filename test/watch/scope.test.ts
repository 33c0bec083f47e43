import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readGitIgnore } from "../../src/watch/git-ignore.ts";
import { readScope } from "../../src/watch/scope.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

interface Told {
  readonly paths: readonly string[];
  readonly ignore?: readonly string[];
  /** Texts of .gitignore files, by folder. */
  readonly git?: Readonly<Record<string, string>>;
  /** Below the repository's. */
  readonly root?: string;
}

function scopeOf(top: string, { paths, ignore = [], git = {}, root = "." }: Told) {
  const folder = join(top, root);
  mkdirSync(join(top, ".git"));
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(git)) {
    const file = join(top, path, ".gitignore");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const scope = readScope({ paths, ignore, debounceMs: 0 }, folder, readGitIgnore(folder));
  /** As one who walks there from the app's folder, or else from where the path begins. */
  return (path: string) => {
    const target = join(folder, path);
    const steps = path.split("/").slice(0, -1);
    const isReached = steps.every((_, index) =>
      scope.leadsThrough(join(folder, ...steps.slice(0, index + 1))),
    );
    expect(scope.has(target) && !isReached, `${path} counts, and is not reached`).toBe(false);
    return scope.has(target);
  };
}

type Case = readonly [name: string, told: Told, seen: readonly string[], unseen: readonly string[]];

describe("what is watched", () => {
  it.each<Case>([
    [
      "a folder stands for all in it",
      { paths: ["src"] },
      ["src/a.ts", "src/deep/er/b"],
      ["a.ts", "srcs/a.ts", "src/.hidden", "src/.cache/x"],
    ],
    ["so it does with a slash", { paths: ["./src/"] }, ["src/a.ts"], ["lib/a.ts"]],
    ["the app's folder, too", { paths: ["."] }, ["a", "src/b"], [".env"]],
    ["a file", { paths: [".env"] }, [".env"], ["env", "src/.env"]],
    [
      "a glob",
      { paths: ["src/**/*.{ts,tsx}"] },
      ["src/a.ts", "src/x/y/b.tsx"],
      ["src/a.js", "lib/a.ts", "src/.x/a.ts"],
    ],
    [
      "several",
      { paths: ["*.json", "src/*.ts"] },
      ["a.json", "src/a.ts"],
      ["src/a.json", "src/x/a.ts"],
    ],
    ["names in brackets", { paths: ["app/\\[id\\]/*.ts"] }, ["app/[id]/a.ts"], ["app/i/a.ts"]],
    [
      "without what is ignored",
      { paths: ["src"], ignore: ["src/generated", "**/*.test.ts", "**/fixtures/**"] },
      ["src/a.ts"],
      ["src/generated/a.ts", "src/x/a.test.ts", "src/x/fixtures/y/a.ts", "src/generated/deep/b"],
    ],
    [
      "nothing that nobody means",
      { paths: ["."] },
      ["a/b"],
      ["node_modules/x/a.js", "a/node_modules/b.js", ".git/HEAD", ".procman/log/app.log"],
    ],
    [
      "unless it is named",
      { paths: ["node_modules/mine", "pack/*/node_modules/mine/**", ".git/HEAD"] },
      ["node_modules/mine/a.js", "pack/a/node_modules/mine/x", ".git/HEAD"],
      ["node_modules/other/a.js", "node_modules/mine/node_modules/x", ".git/config"],
    ],
  ])("%s", async (_, told, seen, unseen) => {
    await using top = await makeTemporaryFolder();
    const has = scopeOf(top.path, told);
    expect([...seen, ...unseen].filter(has)).toEqual(seen);
  });
});

describe("of what git leaves out", () => {
  it.each<Case>([
    [
      "nothing",
      { paths: ["."], git: { ".": "dist/\n*.log\n/top\n" } },
      ["a", "x/top"],
      ["dist/a.js", "x/dist/a.js", "x/a.log", "top"],
    ],
    [
      "nothing, wherever it says so, and what a deeper file takes back",
      { paths: ["**"], git: { ".": "*.log\n", a: "*.tmp\n!keep.log\n" } },
      ["a/keep.log", "x.tmp"],
      ["a/x.tmp", "a/deep/x.tmp", "a/x.log", "keep.log"],
    ],
    [
      "nothing, by a file above the app's folder",
      { paths: ["."], root: "apps/api", git: { ".": "apps/api/out\n*.log\n" } },
      ["a"],
      ["out/a", "x/y.log"],
    ],
    [
      "what is named",
      { paths: ["dist/**", "packs/*/out/*.js"], git: { ".": "dist\nout\n*.map\n" } },
      ["dist/a.js", "dist/a.map", "packs/a/out/x.js"],
      ["packs/a/dist/x.js"],
    ],
    [
      "what lies in no repository",
      { paths: ["../other"], root: "app", git: { other: "x\n" } },
      ["../other/a"],
      ["../other/x"],
    ],
  ])("%s", async (_, told, seen, unseen) => {
    await using top = await makeTemporaryFolder();
    const has = scopeOf(top.path, told);
    expect([...seen, ...unseen].filter(has)).toEqual(seen);
  });
});

describe("no folder is entered", () => {
  it.each<readonly [name: string, told: Told, entered: readonly string[], not: readonly string[]]>([
    ["in vain", { paths: ["src/*.ts", "*.js"] }, [".", "src"], ["src/deep", "lib"]],
    [
      "beside the way",
      { paths: ["a/b/c/**"] },
      [".", "a", "a/b", "a/b/c", "a/b/c/d"],
      ["b", "a/c"],
    ],
    ["that is ignored", { paths: ["**"], ignore: ["x"] }, [".", "a"], ["x", "node_modules", ".x"]],
    ["that git leaves out", { paths: ["**"], git: { ".": "x/\n" } }, ["a"], ["x", "a/x"]],
  ])("%s", async (_, told, entered, not) => {
    await using top = await makeTemporaryFolder();
    const folder = top.path;
    mkdirSync(join(folder, ".git"));
    writeFileSync(join(folder, ".gitignore"), told.git?.["."] ?? "");
    const rule = { paths: told.paths, ignore: told.ignore ?? [], debounceMs: 0 };
    const scope = readScope(rule, folder, readGitIgnore(folder));
    const isEntered = (path: string) => scope.leadsThrough(join(folder, path));
    expect([...entered, ...not].filter(isEntered)).toEqual(entered);
  });
});
