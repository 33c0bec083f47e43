/** A moment as people write it, in their own time. */

/** `2026/11/21 14:32:01 +0000`. `offsetMinutes`: how far that time is ahead of UTC. */
export function formatLocalTime(timeMs: number, offsetMinutes: number): string {
  const local = new Date(timeMs + offsetMinutes * 60_000).toISOString();
  const date = `${local.slice(0, 10).replaceAll("-", "/")} ${local.slice(11, 19)}`;
  return `${date} ${formatOffset(offsetMinutes)}`;
}

/** How far the system's time is ahead of UTC at that moment. */
export function offsetMinutesAt(timeMs: number): number {
  return -new Date(timeMs).getTimezoneOffset();
}

function formatOffset(minutes: number): string {
  const sign = minutes < 0 ? "-" : "+";
  const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0");
  return `${sign}${hours}${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
}
