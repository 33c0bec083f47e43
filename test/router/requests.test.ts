import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import type { ClientRequest } from "../../src/router/forward.ts";
import { readRequest } from "../../src/router/requests.ts";

interface Given {
  readonly url?: string;
  readonly rawHeaders?: readonly string[];
  readonly remoteAddress?: string;
  /** Of HTTP/2. */
  readonly stream?: { readonly endAfterHeaders: boolean };
}

function read(
  given: Given,
  protocol: ClientRequest["protocol"] = "http",
): ClientRequest | undefined {
  const { url = "/", rawHeaders = ["Host", "a"], remoteAddress = "10.0.0.9", ...rest } = given;
  const socket = { remoteAddress, localPort: 5_005 };
  const incoming = { method: "GET", url, rawHeaders, socket, ...rest };
  return readRequest(incoming as unknown as IncomingMessage, protocol);
}

describe("what a client asks for", () => {
  it("is read", () => {
    expect(read({ url: "/a?b" }, "https")).toMatchObject({
      method: "GET",
      path: "/a?b",
      protocol: "https",
      host: "a",
      fwd: "10.0.0.9",
      body: "none",
      preferred: undefined,
      requestId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
    });
  });

  it("has an id of its own", () => {
    expect(read({})?.requestId).not.toBe(read({})?.requestId);
  });

  it.each<[address: string, fwd: string]>([
    ["::ffff:10.0.0.9", "10.0.0.9"],
    ["::1", "::1"],
  ])("comes from %s", (remoteAddress, fwd) => {
    expect(read({ remoteAddress })?.fwd).toBe(fwd);
  });

  it.each<[url: string, path: string | undefined]>([
    ["/", "/"],
    ["//b/c", "//b/c"],
    ["/http://b/", "/http://b/"],
    ["http://a", "/"],
    ["http://a/b?c", "/b?c"],
    ["HTTPS://a?c", "/?c"],
    ["http://a/b#c", undefined],
    ["http://b/", undefined],
    ["http://a@b/", undefined],
    ["http://a:80/", undefined],
    ["ftp://a/", undefined],
    ["b", undefined],
    ["", undefined],
    ["*", undefined],
  ])("%j is the path %j", (url, path) => {
    expect(read({ url })?.path).toBe(path);
  });

  it("cannot mean two things", () => {
    expect(read({ rawHeaders: ["Host", "a", "Host", "b"] })).toBeUndefined();
  });

  it("may be an instance", () => {
    const rawHeaders = ["Host", "a", "Cookie", "procman_web=web.2"];
    expect(read({ rawHeaders })?.preferred).toBe("web.2");
  });

  it.each<[endAfterHeaders: boolean, length: readonly string[], body: string]>([
    [true, [], "none"],
    [true, ["content-length", "5"], "none"],
    [false, [], "chunked"],
    [false, ["content-length", "5"], "sized"],
    [false, ["content-length", "0"], "chunked"],
  ])("has a body by HTTP/2: %s, %j: %s", (endAfterHeaders, length, body) => {
    const rawHeaders = [":authority", "a", ...length];
    expect(read({ rawHeaders, stream: { endAfterHeaders } })?.body).toBe(body);
  });
});
