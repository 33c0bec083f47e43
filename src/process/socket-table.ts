/** The rows of `/proc/net/tcp` that matter to who wants to listen. */
import { readFile } from "node:fs/promises";

export type SocketRow =
  | {
      readonly is: "listening";
      readonly port: number;
      readonly uid: number;
      readonly inode: string;
    }
  | { readonly is: "time-wait"; readonly port: number; readonly leftMs: number };

/** Of both families; empty where there is no /proc. */
export async function readSocketTable(port?: number): Promise<readonly SocketRow[]> {
  const files = ["/proc/net/tcp", "/proc/net/tcp6"];
  const texts = await Promise.all(files.map((file) => readFile(file, "latin1").catch(() => "")));
  return texts.flatMap((text) => parseSocketTable(text, port));
}

/** A hundredth of a second, whatever the kernel's own clock does. */
const tickMs = 10;

/**
 * `slot: LOCAL:PORT REMOTE:PORT state queues timer:WHEN retransmits uid timeout inode …`, all but
 * slot, uid, timeout and inode in hex. The owner of one in TIME_WAIT is no more.
 */
export function parseSocketTable(text: string, port?: number): readonly SocketRow[] {
  const wanted =
    port === undefined ? "[0-9A-F]{4}" : port.toString(16).toUpperCase().padStart(4, "0");
  const row = new RegExp(
    `^ *\\d+: [0-9A-F]+:(${wanted}) [0-9A-F:]+ (0A|06) [0-9A-F:]+ [0-9A-F]+:([0-9A-F]+) [0-9A-F]+ +(\\d+) +\\d+ (\\d+)`,
    "gm",
  );
  return [...text.matchAll(row)].map(([, local = "", state, when = "", uid, inode = ""]) => {
    const found = Number.parseInt(local, 16);
    return state === "0A"
      ? { is: "listening", port: found, uid: Number(uid), inode }
      : { is: "time-wait", port: found, leftMs: Number.parseInt(when, 16) * tickMs };
  });
}
