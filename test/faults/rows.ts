/** Takes bytes as they come, and hands on whole lines without their newlines. */
export function rowsOf(onRow: (row: string) => void): (bytes: Buffer) => void {
  let rest = "";
  return (bytes) => {
    const rows = `${rest}${bytes.toString("latin1")}`.split(/\r*\n/);
    rest = rows.pop() ?? "";
    for (const row of rows) onRow(row);
  };
}
