import { describe, expect, it } from "vitest";
import { parseSocketTable, type SocketRow } from "../../src/process/socket-table.ts";

const head =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const rows = {
  loopback:
    "   0: 0100007F:138E 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 22233 1 0000000091a60ce4 100 0 0 10 0",
  ipv6: "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 50 1 0000000091a60ce4 100 0 0 10 0",
  connected:
    "  12: 0100007F:138E 0100007F:C0DE 01 00000000:00000000 02:000005A3 00000000  1000        0 22240 2 0000000091a60ce5 20 4 30 10 -1",
  outgoing:
    "  13: 0100007F:C0DE 0100007F:138E 01 00000000:00000000 00:00000000 00000000  1000        0 22241 1 0000000091a60ce6 20 4 30 10 -1",
  timeWait:
    "1024: 0100007F:138E 0100007F:D2AC 06 00000000:00000000 03:00001068 00000000     0        0 0 3 0000000091a60ce7",
  short: "   2: 0100007F:138E 00000000:0000 0A",
} as const;

const listening: SocketRow = { is: "listening", port: 5006, uid: 1000, inode: "22233" };
const onIpv6: SocketRow = { is: "listening", port: 80, uid: 0, inode: "50" };
const waiting: SocketRow = { is: "time-wait", port: 5006, leftMs: 42_000 };

describe("the rows of /proc/net/tcp", () => {
  it.each<[name: string, rows: readonly string[], port: number | undefined, found: SocketRow[]]>([
    ["none", [], undefined, []],
    ["somebody listening", [rows.loopback], undefined, [listening]],
    ["somebody listening on IPv6", [rows.ipv6], undefined, [onIpv6]],
    ["connections of both directions", [rows.connected, rows.outgoing], 5006, []],
    ["one in TIME_WAIT", [rows.timeWait], 5006, [waiting]],
    ["all of a port", [rows.loopback, rows.ipv6, rows.timeWait], 5006, [listening, waiting]],
    ["a port of two digits in hex", [rows.loopback, rows.ipv6], 80, [onIpv6]],
    ["another port", [rows.loopback], 5007, []],
    ["a row that is cut off", [rows.short, rows.loopback], 5006, [listening]],
  ])("%s", (_, given, port, found) => {
    expect(parseSocketTable([head, ...given, ""].join("\n"), port)).toEqual(found);
  });
});
