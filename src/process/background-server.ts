/** Servers that many projects share: whoever started one does not own it. */

const programs = new Set("watchman tmux screen ssh-agent gpg-agent dockerd containerd".split(" "));
const javaServers = /\b(GradleDaemon|KotlinCompileDaemon|org\.gradle\.launcher\.daemon)\b/;

/** By the program itself, not by words that it was given. Some rewrite their name: `tmux: server`. */
export function isBackgroundServer(command: string): boolean {
  const [path = ""] = command.split(/[\0 ]/, 1);
  const program = path.slice(path.lastIndexOf("/") + 1).replace(/:$/, "");
  if (program === "java") return javaServers.test(command);
  return programs.has(program.toLowerCase()) || program.startsWith("bazel(");
}
