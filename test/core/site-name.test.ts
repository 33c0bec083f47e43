import { describe, expect, it } from "vitest";
import { hostOfSite, siteNameOf, siteOfHost } from "../../src/core/site-name.ts";

describe("the name of an app as a host", () => {
  it.each<[app: string, site: string]>([
    ["shop", "shop"],
    ["Shop_API", "shop-api"],
    ["my shop (2)", "my-shop-2"],
    ["..", ""],
    ["été", "t"],
    ["x".repeat(70), "x".repeat(63)],
  ])("%j is %j", (app, site) => {
    expect(siteNameOf(app)).toBe(site);
    if (site !== "") expect(siteOfHost(`${hostOfSite(site)}:8080`)).toBe(site);
  });

  it.each<[host: string, site: string | undefined]>([
    ["shop.localhost", "shop"],
    ["SHOP.LocalHost:80", "shop"],
    ["shop.localhost.", "shop"],
    ["www.shop.localhost", "shop"],
    ["localhost", undefined],
    [".localhost", undefined],
    ["shop.localhost.example.org", undefined],
    ["notlocalhost", undefined],
    ["127.0.0.1:80", undefined],
    ["", undefined],
  ])("%j means %j", (host, site) => {
    expect(siteOfHost(host)).toBe(site);
  });
});
