import { describe, expect, it } from "vitest";
import { commands, optionsOf } from "../../src/cli/commands.ts";
import { completeBare } from "../../src/cli/complete-bare.ts";
import { parseFully } from "../../src/cli/parse-fully.ts";
import { parseQuickly } from "../../src/cli/parse-quickly.ts";

const options = [
  { name: "router", value: "PORT", bare: { value: /^\d+$/, given: "on" }, help: "" },
  { name: "tls", value: "CERT,KEY", bare: { value: /,/, given: "on" }, help: "" },
  { name: "root", value: "DIR", help: "" },
];

describe("an option that needs no value", () => {
  it.each<[args: string, completed: string]>([
    ["--router", "--router=on"],
    ["--router web", "--router=on web"],
    ["--router --root x", "--router=on --root x"],
    ["--router 5005 web=2", "--router 5005 web=2"],
    ["--router=5005", "--router=5005"],
    ["--router=", "--router="],
    ["--tls web", "--tls=on web"],
    ["--tls a,b", "--tls a,b"],
    ["--tls --router", "--tls=on --router=on"],
    ["--root x", "--root x"],
    ["--root", "--root"],
    ["--router -- --router", "--router=on -- --router"],
    ["--routers", "--routers"],
  ])("%s: %s", (args, completed) => {
    expect(completeBare(args.split(" "), options)).toEqual(completed.split(" "));
  });
});

describe("the router's options of start", () => {
  it.each<[args: string, options: object, words: readonly string[]]>([
    ["--router", { router: "on" }, []],
    ["--router web=2", { router: "on" }, ["web=2"]],
    ["web=2 --router", { router: "on" }, ["web=2"]],
    ["--router 5005 web=2", { router: "5005" }, ["web=2"]],
    ["--router=5005 web=2", { router: "5005" }, ["web=2"]],
    ["--router-tls", { "router-tls": "on" }, []],
    ["--router-tls web=2", { "router-tls": "on" }, ["web=2"]],
    ["--router-tls a.pem,b.pem", { "router-tls": "a.pem,b.pem" }, []],
    ["--router --router-tls a.pem,b.pem", { router: "on", "router-tls": "a.pem,b.pem" }, []],
    ["--router-host 0.0.0.0 web", { "router-host": "0.0.0.0" }, ["web"]],
  ])("%s", async (args, given, words) => {
    const quick = parseQuickly(["start", ...args.split(" ")]);
    const full = await parseFully(["start", ...args.split(" ")]);
    for (const call of [quick, full]) {
      if (call === undefined || typeof call === "number") throw new Error("not understood");
      expect(Object.fromEntries(call.options)).toEqual(given);
      expect(call.words).toEqual(words);
    }
  });

  it("are none behind a command that all belongs to", async () => {
    const call = await parseFully(["run", "./tool", "--router", "--router-tls"]);
    expect(call).toMatchObject({ words: ["./tool", "--router", "--router-tls"] });
  });

  it("have a value of their own that is one", () => {
    const bare = commands.flatMap(optionsOf).flatMap((option) => option.bare ?? []);
    expect(bare).not.toEqual([]);
    for (const { value } of bare) expect(value.global || value.sticky).toBe(false);
  });
});
