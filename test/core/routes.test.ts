import { describe, expect, it } from "vitest";
import { type RoutedInstance, routesOf } from "../../src/core/routes.ts";
import type { StateName } from "../../src/core/state-name.ts";

function instance(given: Partial<RoutedInstance>): RoutedInstance {
  const { name = "web.1", type = "web", state = "up", isWanted = true } = given;
  const { pid = 10, port = 5006, reason } = given;
  return { name, type, state, isWanted, pid, port, reason };
}

describe("who takes requests", () => {
  it("is each process of web that is up", () => {
    const { routes } = routesOf([
      instance({}),
      instance({ name: "web.2", pid: 11, port: 5007 }),
      instance({ name: "web.3", state: "starting" }),
      instance({ name: "worker.1", type: "worker" }),
      instance({ name: "api:web.1", type: "api:web" }),
    ]);
    expect(routes).toEqual([
      { instance: "web.1", pid: 10, port: 5006 },
      { instance: "web.2", pid: 11, port: 5007 },
    ]);
  });

  it.each<[missing: "pid" | "port"]>([["pid"], ["port"]])("has a %s", (missing) => {
    const { routes, absence } = routesOf([{ ...instance({}), [missing]: undefined }]);
    expect(routes).toEqual([]);
    expect(absence.is).toBe("starting");
  });
});

describe("why nobody takes requests", () => {
  it.each<[state: StateName, is: string]>([
    ["starting", "starting"],
    ["waiting", "starting"],
    ["stopping", "restarting"],
    ["crashed", "restarting"],
    ["exited", "crashed"],
    ["parked", "crashed"],
    ["scheduled", "none"],
    ["down", "none"],
  ])("%s: %s", (state, is) => {
    const wanted = instance({ state });
    expect(routesOf([wanted])).toMatchObject({ routes: [], absence: { is } });
    expect(routesOf([{ ...wanted, isWanted: false }]).absence).toEqual({ is: "none" });
  });

  it.each<[states: readonly StateName[], is: string]>([
    [[], "none"],
    [["exited", "starting", "crashed"], "starting"],
    [["exited", "crashed"], "restarting"],
    [["down", "parked"], "crashed"],
  ])("is the best that any gives hope for: %j", (states, is) => {
    expect(routesOf(states.map((state) => instance({ state }))).absence.is).toBe(is);
  });

  it.each<[reason: string | undefined, text: string]>([
    [undefined, "web.2 is crashed"],
    ["exit code 1", "web.2 is crashed (exit code 1)"],
  ])("is told: %s", (reason, text) => {
    const crashed = instance({ name: "web.2", state: "crashed", reason });
    const { absence } = routesOf([instance({ state: "exited", reason: "x" }), crashed]);
    expect(absence).toEqual({ is: "restarting", reason: text });
  });

  it("is not that of another type", () => {
    const worker = instance({ name: "worker.1", type: "worker", state: "starting" });
    expect(routesOf([worker]).absence).toEqual({ is: "none" });
  });
});
