import { describe, expect, it } from "vitest";
import {
  describeHolder,
  describePortTrouble,
  type PortHolder,
  remedyFor,
} from "../../src/core/port-trouble.ts";

const node: PortHolder = { pid: 431, command: "node\0index.js\0", user: "marc" };

describe("the holder of a port", () => {
  it.each<[name: string, holder: PortHolder, port: number, text: string, remedy: RegExp]>([
    ["a program", node, 5006, 'node (pid 431, user marc, "node index.js")', /^stop it$/],
    [
      "a program by its path",
      { ...node, command: "/usr/bin/node\0/srv/a b/index.js\0" },
      5006,
      'node (pid 431, user marc, "/usr/bin/node /srv/a b/index.js")',
      /^stop it$/,
    ],
    [
      "a program without arguments",
      { ...node, command: "redis-server\0" },
      6379,
      "redis-server (pid 431, user marc)",
      /^stop it$/,
    ],
    [
      "a program with a title of its own",
      { ...node, command: "nginx: master process nginx" },
      80,
      'nginx (pid 431, user marc, "nginx: master process nginx")',
      /^stop it$/,
    ],
    [
      "a user without a name",
      { ...node, user: "uid 1000" },
      5006,
      'node (pid 431, uid 1000, "node index.js")',
      /^stop it$/,
    ],
    [
      "a long command with control characters",
      { ...node, command: `node\0\x1b[2J${"x".repeat(100)}` },
      5006,
      `node (pid 431, user marc, "node [2J${"x".repeat(51)}…")`,
      /^stop it$/,
    ],
    [
      "another user's process",
      { pid: undefined, command: "", user: "postgres" },
      5432,
      "a process (pid out of sight, user postgres)",
      /^find it with sudo ss -ltnp "sport = :5432"$/,
    ],
    [
      "nobody knows who",
      { pid: undefined, command: "", user: undefined },
      5006,
      "a process (pid out of sight)",
      /^find it with sudo lsof -nP -iTCP:5006$/,
    ],
    [
      "a container of Docker",
      {
        pid: 812,
        command: "/usr/bin/docker-proxy\0-proto\0tcp\0-host-ip\x000.0.0.0\0-host-port\x005432",
        user: "root",
      },
      5432,
      "a container (docker-proxy, pid 812, user root)",
      /^find it with docker ps --filter publish=5432, and stop it$/,
    ],
    [
      "a container of Docker Desktop",
      {
        pid: 812,
        command: "/Applications/Docker.app/Contents/MacOS/com.docker.backend run",
        user: "marc",
      },
      5432,
      "a container (com.docker.backend, pid 812, user marc)",
      /^find it with docker ps /,
    ],
    [
      "a container of Podman",
      { pid: 812, command: "rootlessport\0", user: "marc" },
      8080,
      "a container (rootlessport, pid 812, user marc)",
      /^find it with podman ps, and stop it$/,
    ],
    ...[5000, 7000].map((port): [string, PortHolder, number, string, RegExp] => [
      `AirPlay on ${port}`,
      {
        pid: 512,
        command: "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter",
        user: "marc",
      },
      port,
      "the AirPlay Receiver of macOS (ControlCenter, pid 512, user marc)",
      /^turn "AirPlay Receiver" off in System Settings > General > AirDrop & Handoff$/,
    ]),
    [
      "Control Center on another port",
      { pid: 512, command: "ControlCenter", user: "marc" },
      5006,
      "ControlCenter (pid 512, user marc)",
      /^stop it$/,
    ],
  ])("%s", (_, holder, port, text, remedy) => {
    expect(describeHolder(holder, port)).toBe(text);
    expect(remedyFor(holder, port)).toMatch(remedy);
  });
});

describe("what stands in the way of a port", () => {
  it("is its holder", () => {
    expect(describePortTrouble({ is: "held", port: 5006, holder: node })).toBe(
      'port 5006 is held by node (pid 431, user marc, "node index.js")',
    );
  });

  it("is TIME_WAIT, for a time that is never told too short", () => {
    expect(describePortTrouble({ is: "time-wait", port: 5006, leftMs: 10 })).toMatch(
      /^port 5006 is in TIME_WAIT for 1 s more, .* SO_REUSEADDR$/,
    );
  });
});
