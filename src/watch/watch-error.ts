/** Why not all that should be is watched, and what to do about it. */
export function explainWatchError(error: unknown): string {
  switch (codeOf(error)) {
    case "ENOSPC":
      return `${missed}: the system allows no more watched files; allow more with: sudo sysctl fs.inotify.max_user_watches=524288, or watch fewer`;
    case "EMFILE":
      return `${missed}: the system allows no more watchers or open files; allow more with: sudo sysctl fs.inotify.max_user_instances=1024, or ulimit -n`;
    default:
      return `${missed}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const missed = "changes of some files will not be noticed";

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
