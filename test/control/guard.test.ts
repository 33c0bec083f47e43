import { describe, expect, it } from "vitest";
import { findObjection } from "../../src/control/guard.ts";

const key = { port: 5_555, token: "sesame" };
const host = "127.0.0.1:5555";
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("over TCP", () => {
  it.each(["127.0.0.1:5555", "localhost:5555", "LOCALHOST:5555", "[::1]:5555"])(
    "%s may be asked",
    (name) => {
      expect(
        findObjection({ host: name, authorization: "Bearer sesame" }, key, true),
      ).toBeUndefined();
    },
  );

  it.each([
    undefined,
    "",
    "evil.example",
    "evil.example:5555",
    "127.0.0.1",
    "localhost:5556",
    "0.0.0.0:5555",
  ])("%s may not, token or no token", (name) => {
    for (const isTokenNeeded of [true, false]) {
      const objection = findObjection(
        { host: name, authorization: "Bearer sesame" },
        key,
        isTokenNeeded,
      );
      expect(objection?.status).toBe(403);
    }
  });

  it.each(["Bearer sesame", "bearer  sesame", basic(":sesame"), basic("marc@example.com:sesame")])(
    "%s is the token",
    (authorization) => {
      expect(findObjection({ host, authorization }, key, true)).toBeUndefined();
    },
  );

  it.each([
    undefined,
    "",
    "sesame",
    "Bearer",
    "Bearer ",
    "Bearer Sesame",
    "Bearer sesame x",
    "Digest sesame",
    basic("sesame:"),
    basic("x"),
    "Basic ???",
    "Basic a",
  ])("%s is not", (authorization) => {
    const objection = findObjection({ host, authorization }, key, true);
    expect(objection).toMatchObject({ status: 401, headers: { "WWW-Authenticate": "Bearer" } });
    expect(JSON.stringify(objection)).not.toContain("sesame");
  });

  it("a stream of the log needs none", () => {
    expect(findObjection({ host, authorization: undefined }, key, false)).toBeUndefined();
  });
});
