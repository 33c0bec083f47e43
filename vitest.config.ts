import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "./test/support/count-reporter.ts"],
    retry: 0,
    // Most of a test is to wait for processes: one core need not stand still for the others.
    maxWorkers: "100%",
    // Properties take their time on a busy machine; what hangs is told by its own deadline.
    testTimeout: 30_000,
  },
});
