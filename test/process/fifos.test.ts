import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFifos, type Fifo, type Fifos } from "../../src/process/fifos.ts";

let folder = "";
let place = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fifos-test-"));
  place = join(folder, "pipes");
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function openAll(fifos: Fifos, count: number): Promise<readonly Fifo[]> {
  const opened = await fifos.open(count);
  return opened.map((fifo) => {
    if (fifo instanceof Error) throw fifo;
    return fifo;
  });
}

function close(fifos: readonly Fifo[]): void {
  for (const { reader, writer } of fifos) {
    closeSync(reader);
    closeSync(writer);
  }
}

function namesOf(fifos: readonly Fifo[]): readonly string[] {
  return fifos.map(({ path }) => path.slice(place.length + 1));
}

describe("FIFOs", () => {
  it("are made when there are none, and stay", async () => {
    const fifos = createFifos(place);
    const opened = await openAll(fifos, 2);
    expect(namesOf(opened)).toEqual(["0", "1"]);
    close(opened);
    await fifos.close();
    expect(readdirSync(place).sort()).toEqual(["0", "1"]);
  });

  it("are made ahead, and then there is nothing to make", async () => {
    const fifos = createFifos(place);
    fifos.expect(3);
    const opened = await openAll(fifos, 2);
    expect(readdirSync(place)).toHaveLength(3);
    close(opened);
    vi.stubEnv("PATH", "");
    const later = createFifos(place);
    later.expect(3);
    close(await openAll(later, 3));
    await later.close();
    await fifos.close();
  });

  it("are left alone while anybody has them open, and used again afterwards", async () => {
    const fifos = createFifos(place);
    const [first, second] = await openAll(fifos, 2);
    if (!first || !second) throw new Error("not two");
    // As whoever outlived procman has it.
    closeSync(first.reader);
    const later = createFifos(place);
    const third = await openAll(later, 1);
    expect(namesOf(third)).toEqual(["2"]);
    closeSync(first.writer);
    const again = await openAll(later, 1);
    expect(namesOf(again)).toEqual(["0"]);
    close([second, ...third, ...again]);
    await Promise.all([fifos.close(), later.close()]);
  });

  it("are left alone by who may only write, as what has opened /dev/stdout", async () => {
    const fifos = createFifos(place);
    const [first] = await openAll(fifos, 1);
    if (!first) throw new Error("not one");
    const straggler = openSync(first.path, "w");
    close([first]);
    const later = createFifos(place);
    const second = await openAll(later, 1);
    expect(namesOf(second)).toEqual(["1"]);
    expect(() => writeSync(straggler, "for nobody else")).toThrow("EPIPE");
    closeSync(straggler);
    const third = await openAll(later, 1);
    expect(namesOf(third)).toEqual(["0"]);
    close([...second, ...third]);
    await Promise.all([fifos.close(), later.close()]);
  });

  it("that there are go to who asks, though no more can be made", async () => {
    const fifos = createFifos(place);
    close(await openAll(fifos, 1));
    vi.stubEnv("PATH", "");
    const [first, second] = await fifos.open(2);
    expect(second).toMatchObject({ code: "ENOENT" });
    if (!first || first instanceof Error) throw new Error("not one");
    close([first]);
    await fifos.close();
  });

  it("are other files than what somebody has put there", async () => {
    const target = join(folder, "target");
    writeFileSync(target, "kept");
    const fifos = createFifos(place);
    close(await openAll(fifos, 1));
    rmSync(join(place, "0"));
    await symlink(target, join(place, "0"));
    writeFileSync(join(place, "1"), "");
    const opened = await openAll(fifos, 1);
    expect(namesOf(opened)).toEqual(["2"]);
    close(opened);
    await fifos.close();
  });

  it("are elsewhere where there can be none, and go in the end", async () => {
    writeFileSync(place, "no folder");
    const fifos = createFifos(place);
    const opened = await openAll(fifos, 1);
    expect(opened[0]?.path.startsWith(join(folder, "procman-"))).toBe(true);
    close(opened);
    await fifos.close();
    expect(readdirSync(folder)).toEqual(["pipes"]);
  });

  it("are elsewhere when somebody has put a link in place of their folder", async () => {
    const planted = join(folder, "planted");
    const strangers = createFifos(planted);
    close(await openAll(strangers, 2));
    await symlink(planted, place);
    const fifos = createFifos(place);
    fifos.expect(1);
    const opened = await openAll(fifos, 3);
    for (const { path } of opened) expect(path.startsWith(join(folder, "procman-"))).toBe(true);
    close(opened);
    await Promise.all([fifos.close(), strangers.close()]);
    expect(readdirSync(planted).sort()).toEqual(["0", "1"]);
    expect(readdirSync(folder).sort()).toEqual(["pipes", "planted"]);
  });

  it("say why when there is nothing to make them with", async () => {
    vi.stubEnv("PATH", "");
    const fifos = createFifos(place);
    fifos.expect(1);
    expect(await fifos.open(1)).toEqual([expect.objectContaining({ code: "ENOENT" })]);
    await fifos.close();
  });

  it("say which could not be opened when no descriptor is left", async () => {
    const fifos = createFifos(place);
    close(await openAll(fifos, 1));
    const taken: number[] = [];
    try {
      for (;;) taken.push(openSync("/dev/null", "r"));
    } catch {
      // None is left.
    }
    try {
      expect(await fifos.open(1)).toEqual([expect.objectContaining({ code: "EMFILE" })]);
    } finally {
      for (const fd of taken) closeSync(fd);
    }
    await fifos.close();
  });
});
