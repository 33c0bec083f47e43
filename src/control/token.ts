/** The token of the API on TCP: made once for an app, and kept where only its owner can read it. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

export interface Token {
  readonly value: string;
  readonly path: string;
  /** It has not been there before. */
  readonly isNew: boolean;
}

const fileName = "api-token";
const tokenPattern = /^[0-9a-f]{64}\n?$/;

/** For who holds the app's lock. When there is none, it is made, or is the one that there was. */
export async function readToken(folder: string, last?: string): Promise<Token> {
  const path = join(folder, fileName);
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    const { uid, nlink } = await file.stat();
    if (uid !== process.getuid?.() || nlink !== 1) {
      throw new Error(`${path} is not a file of this user alone; remove it`);
    }
    await file.chmod(0o600);
    const kept = await file.readFile("utf8");
    if (tokenPattern.test(kept)) return { value: kept.trim(), path, isNew: false };
    const value = last ?? randomBytes(32).toString("hex");
    await file.truncate();
    await file.write(`${value}\n`, 0);
    return { value, path, isNew: true };
  } finally {
    await file.close();
  }
}
