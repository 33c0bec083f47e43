/**
 * What a process type's name says of it: `web` is reached over HTTP and `release` runs once, in an
 * app that is included (`api:web`) as in the one that includes it (`web`).
 */

/** The type that is reached over HTTP. */
export const webType = "web";
/** Heroku runs it on deploy; here `run release` does, and `start --release` before all else. */
export const releaseType = "release";

/** `web` of the app that is included as `api` is `api:web`. */
export function qualify(include: string, type: string): string {
  return `${include}:${type}`;
}

function localName(type: string): string {
  return type.slice(type.indexOf(":") + 1);
}

export function isWeb(type: string): boolean {
  return localName(type) === webType;
}

export function isRelease(type: string): boolean {
  return localName(type) === releaseType;
}
