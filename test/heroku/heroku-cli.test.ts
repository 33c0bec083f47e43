import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveControl } from "../../src/control/server.ts";
import { createFakeApp } from "../support/fake-app.ts";
import { createFakeLog, logLine } from "../support/fake-log.ts";
import { describeHerokuCli, type HerokuApp } from "../support/heroku-suite.ts";

async function startFake(): Promise<HerokuApp> {
  const folder = await mkdtemp(join(tmpdir(), "control-"));
  const app = createFakeApp();
  const log = createFakeLog();
  log.add(logLine("web.1", "State changed from starting to up", "procman"));
  const token = "sesame";
  const errors: unknown[] = [];
  const tcp = { host: "127.0.0.1", port: 0, token } as const;
  const onError = (error: unknown) => errors.push(error);
  const server = await serveControl({
    app,
    log,
    version: "1.2.3",
    folder,
    isPatient: false,
    tcp,
    onError,
  });
  return {
    port: server.port ?? 0,
    token,
    app: "shop",
    settled: () => Promise.resolve(),
    print(name, ...lines) {
      log.add(...lines.map((line) => logLine(name, line)));
      return Promise.resolve();
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true });
      if (errors.length > 0) throw errors[0];
    },
  };
}

describeHerokuCli("the API of an app without processes", startFake);
