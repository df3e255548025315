// For Stryker: runs the tests of one part with the root's configuration.
import { defineConfig } from "vitest/config";

const include = JSON.parse(process.env["MUTATION_TESTS"] ?? "[]") as string[];
const needServers = include.some((file) => file.includes(".db.test."));

export default defineConfig({
  test: {
    include,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: needServers ? ["packages/testkit/src/mariadb.setup.ts"] : [],
  },
});
