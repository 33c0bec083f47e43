import { describe, expect, it } from "vitest";
import {
  type GivenRouter,
  portOfRouter,
  type RouterSettings,
  readRouterSettings,
} from "../../src/core/router-settings.ts";
import type { AppSettings } from "../../src/core/settings-schema.ts";

type Values = AppSettings["router"];

const plain: RouterSettings = {
  isShared: false,
  port: undefined,
  hosts: ["127.0.0.1", "::1"],
  tls: { is: "none" },
  isSticky: false,
  timeoutMs: 30_000,
  drainMs: 10_000,
};

describe("how the router is to behave", () => {
  it("is not asked when nobody wants one", () => {
    expect(readRouterSettings({}, undefined)).toMatchObject({ value: undefined });
  });

  it.each<[given: GivenRouter, values: Values, settings: Partial<RouterSettings>]>([
    [{}, {}, {}],
    [{ router: "on" }, undefined, {}],
    [{ router: "5005" }, undefined, { port: 5_005 }],
    [{ router: "shared" }, undefined, { isShared: true }],
    [{}, { shared: true }, { isShared: true }],
    [{ router: "on" }, { shared: true }, {}],
    [{ router: "on" }, { port: 80 }, { port: 80 }],
    [{ router: "5005" }, { port: 80 }, { port: 5_005 }],
    [{ host: "0.0.0.0" }, undefined, { hosts: ["0.0.0.0"] }],
    [{ host: "10.0.0.1, ::1" }, { host: "0.0.0.0" }, { hosts: ["10.0.0.1", "::1"] }],
    [{}, { host: "0.0.0.0" }, { hosts: ["0.0.0.0"] }],
    [{ tls: "on" }, undefined, { tls: { is: "self-made" } }],
    [{}, { tls: true }, { tls: { is: "self-made" } }],
    [{}, { tls: false }, {}],
    [
      { tls: "a.pem,b.pem" },
      undefined,
      { tls: { is: "given", cert: "a.pem", key: "b.pem", from: "cwd" } },
    ],
    [{}, { cert: "a", key: "b" }, { tls: { is: "given", cert: "a", key: "b", from: "root" } }],
    [
      { tls: "on" },
      { cert: "a", key: "b" },
      { tls: { is: "given", cert: "a", key: "b", from: "root" } },
    ],
    [
      { tls: "c, d" },
      { cert: "a", key: "b" },
      { tls: { is: "given", cert: "c", key: "d", from: "cwd" } },
    ],
    [{}, { sticky: true, timeout: 5, drain: 7 }, { isSticky: true, timeoutMs: 5, drainMs: 7 }],
  ])("is what the command line %j says, above %j", (given, values, settings) => {
    expect(readRouterSettings(given, values)).toEqual({
      ok: true,
      value: { ...plain, ...settings },
      diagnostics: [],
    });
  });

  it.each<[given: GivenRouter, option: string, message: string]>([
    [{ router: "0" }, "--router", '"0" is not a port from 1 to 65535, or shared'],
    [{ router: "65536" }, "--router", '"65536" is not a port from 1 to 65535, or shared'],
    [{ router: "" }, "--router", '"" is not a port from 1 to 65535, or shared'],
    [{ router: "web" }, "--router", '"web" is not a port from 1 to 65535, or shared'],
    [{ tls: "a.pem" }, "--router-tls", '"a.pem" is not CERT,KEY'],
    [{ tls: "a.pem," }, "--router-tls", '"a.pem," is not CERT,KEY'],
    [{ tls: ",b.pem" }, "--router-tls", '",b.pem" is not CERT,KEY'],
    [{ tls: "a,b,c" }, "--router-tls", '"a,b,c" is not CERT,KEY'],
  ])("cannot be that: %j", (given, file, message) => {
    expect(readRouterSettings(given, { port: 80 })).toMatchObject({
      ok: false,
      diagnostics: [{ severity: "error", file, message }],
    });
  });
});

describe("the router's port", () => {
  it.each<[port: number | undefined, wanted: number]>([
    [undefined, 4_999],
    [80, 80],
  ])("%s: %i", (port, wanted) => {
    expect(portOfRouter({ ...plain, port }, 5_000)).toBe(wanted);
  });
});
