import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeOwnFolder } from "../../src/control/own-folder.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

it("is the app's own, also while somebody removes it again and again", async () => {
  await using app = await makeTemporaryFolder();
  const own = join(app.path, ".procman");
  const remove = `i=0; while [ $i -lt 300 ]; do rm -rf "$0"; i=$((i+1)); done`;
  const remover = spawn("/bin/sh", ["-c", remove, own], { stdio: "ignore" });
  const paths = new Set<string>();
  while (remover.exitCode === null) {
    const made = makeOwnFolder(app.path);
    paths.add("path" in made ? made.path : made.problem);
    await new Promise(setImmediate);
  }
  expect([...paths]).toEqual([own]);
});
