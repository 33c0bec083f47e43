import { execFileSync } from "node:child_process";

/** The tests drive the built program, so it is built once before them. */
export default function setup(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
}
