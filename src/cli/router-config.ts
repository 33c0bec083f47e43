/** What the router is started with: the settings, with certificates read or made. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { ChosenRouter } from "../app.ts";
import type { App } from "../config/load.ts";
import { makeRouterSocketPath } from "../control/own-folder.ts";
import { portOfRouter, type RouterSettings, type RouterTls } from "../core/router-settings.ts";
import type { RouterConfig } from "../router/router-message.ts";
import type { Place } from "../router/server.ts";

type Problem = { readonly problem: string };

/** `folder` is procman's own, in which a certificate that it has made is kept. */
export async function chooseRouter(
  { root, basePort }: Pick<App, "root" | "basePort">,
  router: RouterSettings,
  folder: string,
): Promise<ChosenRouter | Problem> {
  if (router.isShared) {
    const found = makeRouterSocketPath();
    return "problem" in found ? found : { is: "shared", ...found };
  }
  const { isSticky, timeoutMs } = router;
  const place = await readPlace(router, { root, basePort, folder });
  if ("problem" in place) return place;
  return { is: "own", config: { ...place, isSticky, timeoutMs } };
}

/** Where a router listens. */
export async function readPlace(
  router: RouterSettings,
  { root, basePort, folder }: Pick<App, "root" | "basePort"> & { readonly folder: string },
): Promise<Place | Problem> {
  try {
    const tls = await readTls(router.tls, root, folder);
    return { port: portOfRouter(router, basePort), hosts: router.hosts, tls };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function readTls(
  tls: RouterTls,
  root: string,
  folder: string,
): Promise<RouterConfig["tls"] | undefined> {
  switch (tls.is) {
    case "none":
      return undefined;
    case "given": {
      const from = tls.from === "root" ? root : process.cwd();
      return readPair(resolve(from, tls.cert), resolve(from, tls.key));
    }
    case "self-made": {
      const [cert, key] = [join(folder, "router.cert.pem"), join(folder, "router.key.pem")];
      if (!isGood(cert, key)) {
        const { makeCertificate } = await import("../process/make-certificate.ts");
        await makeCertificate(cert, key, validDays);
      }
      return readPair(cert, key);
    }
  }
}

function readPair(certPath: string, keyPath: string): { cert: string; key: string } {
  const [cert, key] = [readText(certPath), readText(keyPath)];
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${certPath} and ${keyPath} are no certificate and its key: ${reason}`);
  }
  return { cert, key };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    throw new Error(`${path} cannot be read${code}; give the router another certificate`);
  }
}

const dayMs = 24 * 60 * 60 * 1_000;
/** The longest that browsers take. */
const validDays = 825;

function isGood(certPath: string, keyPath: string): boolean {
  try {
    const { cert } = readPair(certPath, keyPath);
    return Date.parse(new X509Certificate(cert).validTo) - Date.now() > dayMs;
  } catch {
    return false;
  }
}
