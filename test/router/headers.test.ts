import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  forwardRequest,
  forwardResponse,
  forwardTrailers,
  type Origin,
  type RequestHead,
  wantsPage,
} from "../../src/router/headers.ts";

const origin: Origin = { address: "10.0.0.9", protocol: "https", port: 5_005 };
const tools = { newId: () => "new-id", timeMs: () => 1_234 };

/** `Name: value` each. */
function fieldsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const index = line.indexOf(":", 1);
    return [line.slice(0, index), line.slice(index + 1).trim()];
  });
}

function linesOf(fields: readonly string[]): string[] {
  return fields.flatMap((name, index) => (index % 2 ? [] : [`${name}: ${fields[index + 1]}`]));
}

function forwarded(...lines: readonly string[]): RequestHead | undefined {
  return forwardRequest(fieldsOf(lines), origin, tools);
}

function sent(...lines: readonly string[]): string[] {
  return linesOf(forwarded("Host: a", ...lines)?.headers ?? []);
}

const added = [
  "Host: a",
  "X-Forwarded-For: 10.0.0.9",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Port: 5005",
  "X-Request-Id: new-id",
  "X-Request-Start: 1234",
  "Via: 1.1 procman",
];

describe("a request's fields", () => {
  it("are passed on, and some are added", () => {
    expect(sent("X-Odd: 1", "x-odd: 2")).toEqual(["X-Odd: 1", "x-odd: 2", ...added]);
  });

  it.each<[line: string]>([
    ["Connection: keep-alive"],
    ["Keep-Alive: timeout=5"],
    ["Proxy-Connection: keep-alive"],
    ["Proxy-Authorization: x"],
    ["TE: trailers"],
    ["Trailer: X"],
    ["Upgrade: websocket"],
    ["Expect: 100-continue"],
    ["HTTP2-Settings: x"],
    ["Transfer-Encoding: chunked"],
    ["X-Forwarded-Proto: http"],
    ["x-forwarded-port: 1"],
    ["X-Request-Start: 1"],
    [":path: /"],
  ])("are for this connection only, or said anew: %s", (line) => {
    expect(sent(line)).toEqual(added);
  });

  it.each<[connection: readonly string[], left: readonly string[]]>([
    [["Connection: X-A"], ["X-B: 2"]],
    [["Connection: close, x-a ,X-B"], []],
    [["Connection: X-A", "Connection: X-B"], []],
    [["Connection: keep-alive", "connection: X-B"], ["X-A: 1"]],
    [["Connection: close"], ["X-A: 1", "X-B: 2"]],
    [["Connection: ,,"], ["X-A: 1", "X-B: 2"]],
    [["Connection: Host, X-Forwarded-For, Via"], ["X-A: 1", "X-B: 2"]],
  ])("are not passed on when Connection names them: %j", (connection, left) => {
    expect(sent("X-A: 1", ...connection, "X-B: 2")).toEqual([...left, ...added]);
  });

  it.each<[lines: readonly string[], fwd: string]>([
    [[], "10.0.0.9"],
    [["X-Forwarded-For: 1.1.1.1"], "1.1.1.1, 10.0.0.9"],
    [
      ["X-Forwarded-For: 1.1.1.1, 2.2.2.2", "x-forwarded-for: 3.3.3.3"],
      "1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.9",
    ],
  ])("tell by whom it came: %j", (lines, fwd) => {
    expect(forwarded("Host: a", ...lines)?.fwd).toBe(fwd);
    expect(sent(...lines)).toContain(`X-Forwarded-For: ${fwd}`);
  });

  it("tell by what it came", () => {
    expect(sent("Via: 1.0 a", "via: 2 b")).toContain("Via: 1.0 a, 2 b, 1.1 procman");
  });

  it("have one cookie", () => {
    expect(sent("Cookie: a=1; b=2", "cookie: c=3")).toContain("Cookie: a=1; b=2; c=3");
    expect(forwarded("Cookie: a=1", "Cookie: c=3")?.cookie).toBe("a=1; c=3");
    expect(sent("Cookie: ")).toEqual(added);
  });

  it.each<[id: string, kept: boolean]>([
    ["a1234567890123456789", true],
    ["+/=-ABCDEFabcdef0123456789", true],
    ["a".repeat(200), true],
    ["a".repeat(201), false],
    ["a".repeat(19), false],
    ["a123456789 0123456789", false],
    ['a1234567890123456789"', false],
    ["a1234567890123456789\n", false],
    ["", false],
  ])("have an id that may be the client's: %j", (id, kept) => {
    const head = forwardRequest(["Host", "a", "X-Request-Id", id], origin, tools);
    const wanted = kept ? id : "new-id";
    expect(head?.requestId).toBe(wanted);
    expect(linesOf(head?.headers ?? [])).toContain(`X-Request-Id: ${wanted}`);
  });

  it.each<[lines: readonly string[], host: string]>([
    [["Host: a"], "a"],
    [["Host: a", "host: a"], "a"],
    [[":authority: a"], "a"],
    [[":authority: a", "host: a"], "a"],
    [[], ""],
  ])("name a host: %j", (lines, host) => {
    const head = forwarded(...lines);
    expect(head?.host).toBe(host);
    expect(linesOf(head?.headers ?? []).filter((line) => /^host:/i.test(line))).toEqual([
      `Host: ${host}`,
    ]);
  });

  it.each<[lines: readonly string[], body: RequestHead["body"], length: readonly string[]]>([
    [[], "none", []],
    [["Content-Length: 0"], "none", ["Content-Length: 0"]],
    [["content-length: 5"], "sized", ["Content-Length: 5"]],
    [["Content-Length: 5", "Content-Length: 5"], "sized", ["Content-Length: 5"]],
    [["Transfer-Encoding: Chunked"], "chunked", []],
  ])("tell of a body: %j", (lines, body, length) => {
    expect(forwarded(...lines)?.body).toBe(body);
    expect(sent(...lines)).toEqual([...length, ...added]);
  });

  it.each<[lines: readonly string[]]>([
    [["Content-Length: 5", "Content-Length: 6"]],
    [["Content-Length: 5", "Transfer-Encoding: chunked"]],
    [["Transfer-Encoding: chunked", "Content-Length: 0"]],
    [["Transfer-Encoding: gzip, chunked"]],
    [["Transfer-Encoding: chunked", "Transfer-Encoding: gzip"]],
    [["Transfer-Encoding: identity"]],
    [["Transfer-Encoding: "]],
    [["Host: b"]],
    [[":authority: b"]],
    [["X-Request-Id: a", "X-Request-Id: b"]],
  ])("cannot mean two things: %j", (lines) => {
    expect(forwarded("Host: a", ...lines)).toBeUndefined();
  });

  it("are the same, bytes and all, but for those that have a meaning here", () => {
    const name = fc.stringMatching(/^[A-Za-z]{1,8}$/).map((text) => `Y-${text}`);
    const fields = fc
      .array(fc.tuple(name, fc.string({ unit: "binary-ascii" })))
      .map((all) => all.flat());
    fc.assert(
      fc.property(fields, (raw) => {
        const { headers = [] } = forwardRequest(["Host", "a", ...raw], origin, tools) ?? {};
        expect(headers).toEqual([...raw, ...fieldsOf(added)]);
      }),
    );
  });
});

describe("whether it is a browser that asks", () => {
  it.each<[lines: readonly string[], is: boolean]>([
    [["Accept: text/html,*/*"], true],
    [["accept: text/html"], true],
    [["Accept: */*"], false],
    [["X: text/html"], false],
    [["X: accept", "Y: text/html"], false],
    [[], false],
  ])("%j: %s", (lines, is) => {
    const head = forwarded(...lines);
    expect(head && wantsPage(head)).toBe(is);
  });
});

describe("an answer's fields", () => {
  function answered(mayHaveTrailers: boolean, ...lines: readonly string[]): string[] {
    const raw = fieldsOf(lines).map((text) => Buffer.from(text, "latin1"));
    return linesOf(forwardResponse(raw, mayHaveTrailers));
  }

  it("are passed on, byte by byte", () => {
    expect(answered(true, "X-Odd: \xe9\xff", "x-odd: 2", "Content-Length: 5")).toEqual([
      "X-Odd: \xe9\xff",
      "x-odd: 2",
      "Content-Length: 5",
      "Via: 1.1 procman",
    ]);
  });

  it.each<[line: string]>([
    ["Connection: close"],
    ["keep-alive: timeout=5"],
    ["Proxy-Connection: keep-alive"],
    ["Proxy-Authenticate: Basic"],
    ["Transfer-Encoding: chunked"],
    ["Upgrade: h2c"],
    ["HTTP2-Settings: x"],
    ["TE: x"],
  ])("are for that connection only: %s", (line) => {
    expect(answered(true, line)).toEqual(["Via: 1.1 procman"]);
  });

  it("are not passed on when Connection names them", () => {
    const connection = ["Connection: X-A", "Connection: close, x-b"];
    const fields = ["X-A: 1", ...connection, "X-B: 2", "X-C: 3"];
    expect(answered(true, ...fields)).toEqual(["X-C: 3", "Via: 1.1 procman"]);
  });

  it("tell by what it came", () => {
    expect(answered(true, "Via: 1.0 a", "via: 2 b")).toEqual(["Via: 1.0 a, 2 b, 1.1 procman"]);
  });

  it.each<[mayHaveTrailers: boolean, lines: readonly string[], isKept: boolean]>([
    [true, ["Trailer: X", "Transfer-Encoding: chunked"], true],
    [true, ["Trailer: X", "Content-Length: 5"], false],
    [false, ["Trailer: X", "Transfer-Encoding: chunked"], false],
  ])("announce trailers when there can be any: %s, %j", (mayHaveTrailers, lines, isKept) => {
    expect(answered(mayHaveTrailers, ...lines).includes("Trailer: X")).toBe(isKept);
  });

  it("behind the body are none that have a meaning before it", () => {
    const odd = ["Content-Length: 5", "transfer-encoding: x", "Connection: x", "Trailer: x"];
    expect(linesOf(forwardTrailers(fieldsOf(["X-Sum: 1", ...odd, "y: 2"])))).toEqual([
      "X-Sum: 1",
      "y: 2",
    ]);
  });
});
