// The how-to pages, followed to the letter in one copy of the workspace: their commands, files and changes, and what they say is printed.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, paths } from "@muster/local";
import { CHROMIUM, expectAccessible, openBrowser, picture } from "@muster/e2e/browser-kit";
import { describeWithServers, freePortBase, until } from "@muster/testkit";
import { blocksOfDocument, type Follower, follower } from "@muster/testkit/followed-document";
import { copyWorkspace } from "@muster/testkit/workspace-copy";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";

const seatOf = (page: Page): Promise<string | null> => page.locator("[data-seat]").getAttribute("data-seat");
const GAME_PAGE = "design/howto/write-a-game.md";
const OTHER_PAGES = ["design/howto/add-an-rpc.md", "design/howto/add-an-event.md"];
const WITHIN_MS = 240_000;

describeWithServers("the how-to pages", () => {
  const copy = mkdtempSync(path.join(os.tmpdir(), "muster-howto-"));
  let follow: Follower;
  let others: ReadonlyMap<string, Promise<void>>;
  beforeAll(async () => {
    copyWorkspace(path.resolve(import.meta.dirname, "../../.."), copy);
    follow = follower(copy, {
      MUSTER_PORT: String(await freePort()),
      MUSTER_TLS_PORT: String(await freePort()),
      MUSTER_PORT_BASE: String(await freePortBase()),
      MUSTER_SKIP_SMOKE: "1",
    });
    shareTemplate(copy);
    await follow.run("git init --quiet");
    await follow.run("pnpm new:game sticks --turns --no-install"); // and is installed with the game of the page
    // Beside the first page: what they wait for, and what they are run on, is not the same.
    others = new Map(OTHER_PAGES.map((page) => [page, follow.follow(page)]));
    for (const followed of others.values()) followed.catch(() => undefined); // until its test asks
  });
  afterAll(async () => {
    await follow?.[Symbol.asyncDispose]();
    rmSync(copy, { recursive: true, force: true });
  }, WITHIN_MS);

  it(
    "write a game: a game from nothing, played against a running system",
    async () => {
      await follow.follow(GAME_PAGE);
      // What a client can do besides: each is a program when it has a client, if it makes none.
      const shown = blocksOfDocument(readFileSync(path.join(copy, GAME_PAGE), "utf8")).filter(
        ({ info }) => info === "ts",
      );
      const programs = shown.filter(({ text }) => !text.includes("new MusterClient("));
      expect(programs.length).toBeGreaterThan(2);
      for (const [i, { text }] of programs.entries()) {
        const before = `import { MusterClient } from "@muster/client";\nconst client = new MusterClient({ url: "" });\nexport const realtime = await client.connect();\n`;
        writeFileSync(path.join(copy, `packages/game-gather/src/block-${i}.ts`), before + text);
      }
      await follow.run("tsc --noEmit -p packages/game-gather");
    },
    WITHIN_MS,
  );

  it.runIf(CHROMIUM)(
    "the page has the games of the copy, with keys and buttons that nobody wrote for them",
    async () => {
      const url = (await follow.run("scripts/operator.sh url")).trim();
      await using browser = await openBrowser();
      const page = await browser.visit(`${url}/?guest&mode=gather-practice`);
      await page.locator("[data-match]").waitFor({ timeout: 20_000 });
      const own = page.locator('[data-list="players"] tbody tr').nth(Number(await seatOf(page)));
      const placeX = own.locator('[data-field="x"]');
      const before = Number(await placeX.textContent());
      await page.keyboard.down(before < 512 ? "ArrowRight" : "KeyA");
      await until(async () => {
        const now = Number(await placeX.textContent());
        return Math.abs(now - before) > 50 ? undefined : `x was ${before}, and is ${now}`;
      }, 10_000);
      await picture(page, "own-game");
      await page.locator("[data-result]").waitFor({ timeout: 20_000 });

      const two = await Promise.all([browser.visit(`${url}/?guest`), browser.visit(`${url}/?guest`)]);
      for (const one of two) await one.locator("[data-mode=sticks]").click({ timeout: 20_000 });
      for (const one of two) await one.locator("[data-match]").waitFor({ timeout: 20_000 });
      await expectAccessible(two[0], "a game without a board");
      await picture(two[0], "own-game-of-turns");
      await until(async () => {
        for (const one of two) {
          const move = one.locator("[data-move]:enabled").last();
          if ((await move.count()) > 0) await move.click({ timeout: 1000 }).catch(() => undefined);
        }
        return (await two[0].locator("[data-result]").count()) > 0
          ? undefined
          : await two[0].locator("main").innerText();
      }, 40_000);
      await two[1].locator("[data-result]").waitFor();
    },
    WITHIN_MS,
  );

  it.each(OTHER_PAGES)("%s", (page) => others.get(page), WITHIN_MS);
});

/** What a new MariaDB begins with, which takes seconds to make: the copy's begins with this checkout's. */
function shareTemplate(copy: string): void {
  if (!existsSync(paths.mariadbTemplates)) return;
  const template = path.join(copy, ".muster", path.basename(paths.mariadbTemplates));
  mkdirSync(path.dirname(template), { recursive: true });
  symlinkSync(paths.mariadbTemplates, template);
}
