// Every runbook, followed to the letter: its commands, one after the other in one shell, against a local system as
// scripts/up.sh makes it. A command that fails, or prints something else than the page says, fails the test.
import { MusterClient } from "@muster/client";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Block, blocksOf, missingFrom, runbookPages } from "./runbooks.ts";
import { createStage, printedBy, type Stage } from "./stage.ts";

const PAGE_WITHIN_MS = 180_000;
/** Who the pages speak of. */
const PLAYERS = ["ann", "ben", "cheater"];
const PASSWORD = "correct horse battery";
const NEXT_BLOCK = "=== the next block";

describeWithServers("the runbooks", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
    await stage.start();
    for (const name of PLAYERS) await new MusterClient({ url: stage.url }).register({ name, password: PASSWORD });
  }, 90_000);
  afterAll(async () => await stage?.[Symbol.asyncDispose]());

  for (const page of runbookPages()) {
    const blocks = blocksOf(page).filter((block) => block.notRun === undefined);
    if (blocks.length === 0) continue;
    it(
      `${page} works as printed`,
      async () => {
        const { code, output } = await printedBy(scriptOf(blocks, stage.url), stage.env, PAGE_WITHIN_MS);
        const printed = output.split(`${NEXT_BLOCK}\n`).slice(1);
        const last = blocks[printed.length - 1];
        expect(code, `${page}:${last?.line}:\n${last?.commands}\n\n${printed.at(-1)}`).toBe(0);
        for (const [index, { line, commands, expected }] of blocks.entries()) {
          const said = printed[index] as string;
          expect(missingFrom(said, expected), `${page}:${line}:\n${commands}\n\n${said}`).toBeUndefined();
        }
        expect(await printedBy("scripts/operator.sh health --wait 20", stage.env)).toMatchObject({ code: 0 });
      },
      PAGE_WITHIN_MS + 30_000,
    );
  }
});

/** As an operator pastes them: one shell, which stops at the first failure. */
function scriptOf(blocks: readonly Block[], url: string): string {
  const parts = blocks.map(
    ({ commands }) => `echo '${NEXT_BLOCK}'\n${commands.replaceAll("http://localhost:8080", url)}`,
  );
  return ["set -euo pipefail", "exec 2>&1", ...parts].join("\n");
}
