import { describe, expect, it } from "vitest";
import { preferredInstance, stickTo } from "../../src/router/sticky.ts";

describe("the cookie of an instance", () => {
  it.each<[cookie: string, instance: string | undefined]>([
    ["procman_web=web.1", "web.1"],
    ["a=b;procman_web=web.12 ; c=d", "web.12"],
    ["procman_web=x; procman_web=web.2", "web.2"],
    ["", undefined],
    ["procman_web", undefined],
    ["procman_web=", undefined],
    ["procman_web=web.0", undefined],
    ["procman_web=worker.1", undefined],
    ["procman_web=web.12345678", undefined],
    ["procman_web=web.1\n", "web.1"],
    ["procman_web=web.1x", undefined],
    ["xprocman_web=web.1", undefined],
    ["Procman_web=web.1", undefined],
  ])("%j is of %s", (cookie, instance) => {
    expect(preferredInstance(cookie)).toBe(instance);
  });

  it("is set once", () => {
    const [name, value = ""] = stickTo("web.3", undefined);
    expect(name).toBe("Set-Cookie");
    expect(value).toBe("procman_web=web.3; Path=/; HttpOnly; SameSite=Lax");
    expect(preferredInstance(value)).toBe("web.3");
    expect(stickTo("web.3", "web.3")).toEqual([]);
    expect(stickTo("web.3", "web.4")).toEqual(["Set-Cookie", value]);
  });
});
