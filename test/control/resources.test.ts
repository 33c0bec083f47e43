import { describe, expect, it } from "vitest";
import {
  accountOf,
  appOf,
  dynoOf,
  formationOf,
  logSessionOf,
  releaseOf,
} from "../../src/control/resources.ts";
import type { ExitStatus } from "../../src/core/exit-status.ts";
import type { AppStatus, InstanceStatus, TypeStatus } from "../../src/supervisor/status.ts";
import { createFakeApp, startMs } from "../support/fake-app.ts";
import * as schema from "../support/heroku-schema.ts";

const status: AppStatus = createFakeApp().status();
const web = status.types[0] as TypeStatus;
const web1 = status.instances[0] as InstanceStatus;

describe("what Heroku's schema requires is there", () => {
  it.each<[name: string, resource: unknown, shape: schema.Shape]>([
    ["account", accountOf(status, "marc"), schema.account],
    ["app", appOf(status, "marc"), schema.app],
    ["app without a web process", appOf({ ...status, instances: [] }, "marc"), schema.app],
    ["formation", formationOf(status, web), schema.formation],
    ["dyno", dynoOf(status, web1), schema.dyno],
    ["log session", logSessionOf("key", "http://localhost/", startMs), schema.logSession],
    ["release", releaseOf(status, "marc"), schema.release],
  ])("%s", (name, resource, shape) => {
    expect(schema.findMisfits(resource, shape, name)).toEqual([]);
  });

  it("and what is not is found", () => {
    const { id, ...rest } = dynoOf(status, web1);
    const dyno = { ...rest, release: { id, version: "1" } };
    const misfits = schema.findMisfits(dyno, schema.dyno, "dyno");
    expect(misfits).toEqual(["dyno.id", "dyno.release.version"]);
  });
});

describe("an id", () => {
  it("is the same each time, for the same thing", () => {
    expect(dynoOf(status, web1).id).toBe(dynoOf(status, { ...web1, restarts: 3 }).id);
    expect(appOf(status, "marc").id).toBe(dynoOf({ ...status, pid: 7 }, web1).app.id);
  });

  it("is another one for another thing", () => {
    const elsewhere = { ...status, root: "/home/marc/other" };
    const ids = [
      dynoOf(status, web1).id,
      dynoOf(status, { ...web1, name: "web.2" }).id,
      dynoOf(elsewhere, web1).id,
      formationOf(status, web).id,
      releaseOf(status, "marc").id,
      releaseOf({ ...status, version: 2 }, "marc").id,
      appOf(status, "marc").id,
      appOf(elsewhere, "marc").id,
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("of a log session does not tell its key", () => {
    expect(logSessionOf("secret", "", startMs).id).not.toContain("secret");
  });
});

describe("a dyno", () => {
  it("has what clients of Heroku's need, and what only procman knows", () => {
    expect(dynoOf(status, web1)).toMatchObject({
      name: "web.1",
      type: "web",
      state: "up",
      size: "local",
      command: "node web.js",
      release: { version: 1 },
      updated_at: "2026-11-21T14:32:01.000Z",
      pid: 1_001,
      port: 5_006,
      ordinal: 1,
      restarts: 0,
      last_exit: null,
      restart_in_ms: null,
      reason: null,
    });
  });

  it.each<[name: string, exit: ExitStatus, expected: object]>([
    ["a code", { kind: "exit", code: 3 }, { code: 3, text: "exited with code 3" }],
    [
      "a signal",
      { kind: "signal", signal: "SIGKILL", number: 9, cause: "out of memory" },
      { signal: "SIGKILL", text: "was ended by SIGKILL (out of memory)" },
    ],
    [
      "no start",
      { kind: "unstarted", reason: "no such folder", isLasting: true },
      { text: "could not be started: no such folder" },
    ],
  ])("says how it ended last: %s", (_, lastExit, expected) => {
    expect(dynoOf(status, { ...web1, lastExit }).last_exit).toEqual(expected);
  });

  it("says what it uses when that was asked for, and else nothing", () => {
    const usage = { cpuPercent: 12.5, memoryBytes: 1_024, ports: [5_006] };
    expect(dynoOf(status, web1, usage)).toMatchObject({
      cpu_percent: 12.5,
      memory_bytes: 1_024,
      ports: [5_006],
    });
    expect(Object.keys(dynoOf(status, web1))).not.toContain("ports");
  });
});
