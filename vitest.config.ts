import { defineConfig } from "vitest/config";

// The suffix names what a test needs: .test.ts nothing, .db.test.ts a MariaDB, .system.test.ts MariaDB and nginx.
const NEEDS_SERVERS = ["**/*.db.test.ts", "**/*.system.test.ts"];

export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: "unit",
          include: ["{packages,services,infra,tools}/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: [...NEEDS_SERVERS, "**/node_modules/**"],
        },
      },
      {
        test: {
          name: "servers",
          include: NEEDS_SERVERS,
          exclude: ["**/node_modules/**"],
          globalSetup: ["packages/testkit/src/mariadb.setup.ts"],
          setupFiles: ["packages/testkit/src/contract-fetch.setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
