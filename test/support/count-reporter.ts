import process from "node:process";
import type { Reporter, TestModule } from "vitest/node";

/** Ends the run with `N passed, N failed`, the one line that scripts read. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        if (state === "failed") failed += 1;
      }
    }
    // After the default reporter's summary, which is printed later in the same turn.
    process.once("beforeExit", () => console.log(`${passed} passed, ${failed} failed`));
  }
}
