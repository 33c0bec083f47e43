import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RouterErrorCode, routerErrors } from "../../src/core/router-error.ts";
import { formatRouted, type RoutedRequest } from "../../src/core/router-log.ts";

const request: RoutedRequest = {
  error: undefined,
  method: "GET",
  path: "/a?b=c",
  host: "localhost:5005",
  requestId: "00000000-0000-4000-8000-000000000000",
  fwd: "10.0.0.1, 127.0.0.1",
  instance: "web.1",
  connectMs: 0.6,
  serviceMs: 12.4,
  status: 200,
  bytes: 1_024,
  protocol: "http",
};

describe("the line about a request", () => {
  it.each<[what: string, given: Partial<RoutedRequest>, line: string]>([
    [
      "that was answered",
      {},
      'at=info method=GET path="/a?b=c" host=localhost:5005 request_id=00000000-0000-4000-8000-000000000000 fwd="10.0.0.1, 127.0.0.1" dyno=web.1 connect=1ms service=12ms status=200 bytes=1024 protocol=http',
    ],
    [
      "that came to nobody",
      { error: "H14", instance: "", connectMs: undefined, serviceMs: undefined, status: 503 },
      'at=error code=H14 desc="No web processes running" method=GET path="/a?b=c" host=localhost:5005 request_id=00000000-0000-4000-8000-000000000000 fwd="10.0.0.1, 127.0.0.1" dyno= connect= service= status=503 bytes=1024 protocol=http',
    ],
  ])("%s", (_, given, line) => {
    expect(formatRouted({ ...request, ...given })).toBe(line);
  });

  it.each<[path: string, text: string]>([
    ['/"', '"/%22"'],
    ["/\n\r\t", '"/%0A%0D%09"'],
    ["/ \xe9\x7f", '"/ %E9%7F"'],
    ["/%22", '"/%22"'],
  ])("has what is odd as in a URL: %j", (path, text) => {
    expect(formatRouted({ ...request, path })).toContain(` path=${text} `);
  });

  it("has its fields in their order, whatever the client has sent", () => {
    const bytes = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    });
    const odd = fc.oneof(
      bytes,
      bytes.map((text) => `" status=200 ${text}\nat=info method="x`),
    );
    const durationMs = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined });
    const error = fc.option(fc.constantFrom(...(Object.keys(routerErrors) as RouterErrorCode[])), {
      nil: undefined,
    });
    const given = fc.record({
      error,
      path: odd,
      host: odd,
      fwd: odd,
      connectMs: durationMs,
      serviceMs: durationMs,
    });
    const names = [
      "method",
      "path",
      "host",
      "request_id",
      "fwd",
      "dyno",
      "connect",
      "service",
      "status",
      "bytes",
      "protocol",
    ];
    fc.assert(
      fc.property(given, (texts) => {
        const line = formatRouted({ ...request, ...texts });
        expect(line).toMatch(/^[\x20-\x7e]*$/);
        const fields = line.match(/[a-z_]+=("[^"]*"|[^" ]*)(?: |$)/g) ?? [];
        expect(fields.join("")).toBe(line);
        const found = fields.map((field) => field.slice(0, field.indexOf("=")));
        expect(found).toEqual([...(texts.error ? ["at", "code", "desc"] : ["at"]), ...names]);
      }),
    );
  });
});
