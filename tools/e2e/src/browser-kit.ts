// A real Chromium for tests of the player's page. What a page logs as an error fails the test that opened it.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { paths } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { type Browser, chromium, type Page } from "playwright-core";
import { describe, expect, onTestFinished } from "vitest";
import { CHROMIUM } from "./browser.ts";

export { CHROMIUM };

/** Needs everything that a player's browser meets: the servers, nginx, and the browser. */
export const describeWithBrowser: typeof describe.skip = CHROMIUM ? describeWithServers : describe.skip;

/** Kept as output of the tests, to be looked at. */
const SCREENSHOTS = path.join(paths.root, "test-output/screenshots");
/** What the browser says of an answer that is no success, or of a connection that was cut: the page shows these itself. */
const OF_THE_NETWORK = /^Failed to load resource|WebSocket connection to .* failed|net::ERR_/;

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser;
  /**
   * A browser's profile of its own, with one tab on that address, until the test that calls it is over; what a hook opens stays until the end.
   * A match that nobody watches any more would still be drawn, at the cost of the tests that follow. English, unless `options` says otherwise.
   */
  visit(url: string, options?: Parameters<Browser["newContext"]>[0]): Promise<Page>;
}

export async function openBrowser(): Promise<TestBrowser> {
  const executable = spawnSync("sh", ["-c", `command -v ${CHROMIUM}`], { encoding: "utf8" }).stdout.trim();
  const browser = await chromium.launch({
    executablePath: executable,
    // Tabs in the background are throttled: of two players one always is.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-renderer-backgrounding"],
  });
  const errors: string[] = [];
  return {
    browser,
    async visit(url, options = {}) {
      const context = await browser.newContext({ locale: "en", viewport: { width: 1200, height: 900 }, ...options });
      const inTest = expect.getState().currentTestName !== undefined; // else it is for all tests, by a hook before them
      if (inTest) onTestFinished(() => (browser.isConnected() ? context.close() : undefined));
      const page = await context.newPage();
      page.on("pageerror", (err) => errors.push(err.stack ?? String(err)));
      page.on("console", (message) => {
        if (message.type() === "error" && !OF_THE_NETWORK.test(message.text())) errors.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      expect(errors, "what the pages logged as errors").toEqual([]);
    },
  };
}

export async function playAsGuest(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Play as a guest" }).click();
  await page.getByRole("heading", { name: "Play", exact: true }).waitFor();
}

/** WCAG 2.2 A and AA, as far as a program can tell. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  expect(found, `accessibility of ${what}`).toEqual([]);
}

/** In both themes, wide and narrow: four pictures, each checked for what does not fit its width. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const width of [1200, 360]) {
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate<number>(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    expect(overflow, `${name} at ${width} px is wider than its window`).toBeLessThanOrEqual(0);
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      // A board that draws all the time lets the picture be taken before the page itself has the theme's colours.
      await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
      await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${width}-${theme}.png`) });
    }
  }
  await page.setViewportSize({ width: 1200, height: 900 });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
}
