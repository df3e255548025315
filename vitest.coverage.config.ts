// The tests as `pnpm test` runs them, but loaded by Node itself: what V8 counts then has the positions of our files.
import { defineConfig } from "vitest/config";
import whole from "./vitest.config.ts";

const SETUP = "tools/coverage/src/take.setup.ts";

export default defineConfig({
  test: {
    ...whole.test,
    experimental: { viteModuleRunner: false },
    projects: (whole.test?.projects ?? []).map((project) => {
      if (typeof project !== "object" || !("test" in project))
        throw new Error("a project of vitest.config.ts has no tests");
      return {
        test: {
          ...project.test,
          setupFiles: [SETUP, project.test?.setupFiles ?? []].flat(),
          experimental: { viteModuleRunner: false },
        },
      };
    }),
  },
});
