import { describe, expect, it } from "vitest";
import { type Check, fillIn, pauseMs, readAddress, readUrl } from "../../src/core/probe.ts";

const variables = new Map([
  ["PORT", "5006"],
  ["HOST", "db.local"],
]);

it.each([
  ["$PORT", "5006"],
  ["$HOST:$PORT", "db.local:5006"],
  [`\${HOST}:\${PORT}1`, "db.local:50061"],
  ["$PORTS/$", "/$"],
  ["$NONE", ""],
  [`\${PORT`, `\${PORT`],
])("variables are put into %s: %s", (text, expected) => {
  expect(fillIn(text, variables)).toBe(expected);
});

it.each([
  ["5432", { is: "address", host: undefined, port: 5432 }],
  [" localhost:5432 ", { is: "address", host: "localhost", port: 5432 }],
  ["[::1]:80", { is: "address", host: "::1", port: 80 }],
  ["0", { is: "wrong" }],
  ["65536", { is: "wrong" }],
  ["", { is: "wrong" }],
  ["localhost", { is: "wrong" }],
])("the address %s", (text, expected) => {
  expect(readAddress(text)).toEqual(expected);
});

it.each([
  ["/health?a=1", 5006, "http://localhost:5006/health?a=1"],
  ["https://localhost:1/", undefined, "https://localhost:1/"],
  ["/health", undefined, undefined],
  ["health", 5006, undefined],
  ["ftp://localhost/", 5006, undefined],
])("the URL %s of port %s", (text, port, expected) => {
  expect(readUrl(text, port)?.href).toBe(expected);
});

describe("the pause between two looks", () => {
  const tcp = { is: "tcp", address: "$PORT" } as const;
  const command = { is: "command", command: "true" } as const;
  it.each<[number, Check | undefined, number]>([
    [0, undefined, 15],
    [150, undefined, 15],
    [1_000, undefined, 100],
    [1_000, command, 100],
    [5_000, tcp, 15],
    [10_000, tcp, 30],
    [600_000, tcp, 400],
    [60_000, undefined, 400],
  ])("after %s ms of %j: %s ms", (passedMs, check, expected) => {
    expect(pauseMs(passedMs, check)).toBe(expected);
  });
});
