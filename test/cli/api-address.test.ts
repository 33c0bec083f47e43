import { describe, expect, it } from "vitest";
import { readApiAddress } from "../../src/cli/api-address.ts";

describe("the address of the API", () => {
  it("is none where none is asked for", () => {
    expect(readApiAddress(new Map())).toBeUndefined();
    expect(readApiAddress(new Map([["api", true]]))).toBeUndefined();
  });

  it.each<[text: string, host: string, port: number]>([
    ["127.0.0.1:5900", "127.0.0.1", 5900],
    ["localhost:0", "localhost", 0],
    ["[::1]:65535", "::1", 65_535],
    ["::1:5900", "::1", 5900],
  ])("%s", (api, host, port) => {
    expect(readApiAddress(new Map([["api", api]]))).toEqual({ host, port });
  });

  it.each([
    "",
    "5900",
    ":5900",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:999999",
    "127.0.0.1:-1",
    "127.0.0.1:1e3",
    "127.0.0.1:5900\n",
    " 127.0.0.1:5900",
    "0.0.0.0:5900",
    "*:5900",
    "[::]:5900",
    "127.0.0.2:5900",
    "127.0.0.1.evil.com:5900",
    "evil.com@127.0.0.1:5900",
    "LOCALHOST.:5900",
    "192.168.1.2:5900",
  ])("%j is refused: only this machine can be asked for", (api) => {
    expect(readApiAddress(new Map([["api", api]]))).toBe("invalid");
  });
});
