/** What an app is called as a host: `Shop_API` is `shop-api.localhost`. */

const suffix = ".localhost";

/** A label of a host name; empty when nothing in the name can be one. */
export function siteNameOf(app: string): string {
  return app
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63);
}

/** The app that a `Host` field means, with or without a port: `shop`, also of `www.shop.localhost`. */
export function siteOfHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  if (!name.endsWith(suffix)) return undefined;
  const label = name.slice(0, -suffix.length).split(".").at(-1);
  return label === "" ? undefined : label;
}

export function hostOfSite(site: string): string {
  return `${site}${suffix}`;
}
