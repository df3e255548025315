// `pnpm inspect GAME` in a real browser: two clients side by side, and a game whose rules change while it is looked into.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { paths, spawnChild, type Child } from "@muster/local";
import { until } from "@muster/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithBrowser, expectAccessible, openBrowser, picture, type TestBrowser } from "./browser-kit.ts";

/** Two dots that players push about; `step` is the rule that changes. */
const game = (step: string, field = ""): string => `import { flag, type Game, list, uint } from "@muster/game-kit";

const state = { ticksLeft: uint(12, { countsDown: true }), dots: list(2, { x: uint(10), y: uint(10), bonus: uint(8)${field} }) };
const input = { left: flag(), right: flag(), up: flag(), down: flag() };

export const dots: Game<typeof state, typeof input> = {
  id: "dots", buildId: "dots-1", tickRate: 30, seatsMin: 2, seatsMax: 2, state, input, inputMode: "held", options: {},
  init(s) {
    s.ticksLeft = 4000;
    s.dots.forEach((dot, seat) => Object.assign(dot, { x: 100 + 100 * seat, y: 500 }));
  },
  step(s, inputs) {
    s.ticksLeft--;
    s.dots.forEach((dot, seat) => {
      ${step}
    });
  },
  result: (s) => (s.ticksLeft > 0 ? undefined : { seats: [1, 1].map((rank) => ({ score: 0, rank })) }),
  forfeit: () => ({ seats: [1, 1].map((rank) => ({ score: 0, rank })) }),
};
`;
const BY_ONE = "if (inputs[seat]?.right) dot.x = (dot.x + 1) & 1023;";
const BY_FIFTY = "if (inputs[seat]?.right) dot.x = (dot.x + 50) & 1023;";
const BY_CHANCE = "if (seat === 1) dot.bonus = Math.floor(Math.random() * 200);";
const STUCK = "while (dot.y >= 0) if (dot.y < 500) dot.y = 500;";
const RELOADED_MS = 15_000;

describeWithBrowser("a game's inspection in the browser", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-inspect-"));
  const source = path.join(folder, "dots.ts");
  let child: Child;
  let url = "";
  let browser: TestBrowser;

  beforeAll(async () => {
    mkdirSync(path.join(folder, "node_modules/@muster"), { recursive: true });
    symlinkSync(path.join(paths.root, "packages/game-kit"), path.join(folder, "node_modules/@muster/game-kit"));
    const manifest = { type: "module", dependencies: { "@muster/game-kit": "workspace:*" } };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    writeFileSync(source, game(BY_ONE));
    let said = "";
    child = spawnChild({
      name: "inspect",
      command: paths.node,
      args: [path.join(paths.root, "tools/inspect/src/inspect.ts"), source, "--step-seconds", "1"],
      onLine: (line) => (said += `${line}\n`),
    });
    await until(() => {
      url = /inspected at (\S+)/.exec(said)?.[1] ?? "";
      return url === "" ? said : undefined;
    }, 20_000);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await child.stop();
    rmSync(folder, { recursive: true });
  });

  const side = (page: Page, seat: number): Locator => page.locator(`[data-client="${seat}"]`);
  const fieldOf = (page: Page, seat: number, field: string): Promise<number> =>
    side(page, seat).locator(`[data-path="${field}"]`).innerText().then(Number);
  const tickOf = (page: Page): Promise<number> => page.locator("[data-tick]").innerText().then(Number);
  const rulesLoaded = (page: Page, times: number): Promise<void> =>
    page.locator(`[data-rules="${times}"]`).waitFor({ timeout: RELOADED_MS });
  const play = (page: Page): Promise<void> => page.getByRole("button", { name: "Play" }).click();

  it("shows two clients, which keys and buttons play; a late one is behind; any tick can be gone back to", async () => {
    const page = await browser.visit(url);
    for (const seat of [0, 1]) await side(page, seat).locator("[data-control]").selectOption("nobody");
    expect(await tickOf(page)).toBe(0);
    await page.keyboard.press(".");
    await page.locator("[data-tick]", { hasText: /^1$/ }).waitFor();
    expect(await fieldOf(page, 0, "ticksLeft")).toBe(3999);

    await page.keyboard.press("p");
    await page.keyboard.down("d"); // the left client's right
    await page.keyboard.down("ArrowRight"); // the right client's
    for (const [seat, from] of [100, 200].entries())
      await until(async () => {
        const x = await fieldOf(page, 0, `dots[${seat}].x`);
        return x > from + 5 ? undefined : `dot ${seat} is at ${x}`;
      });
    await side(page, 0).locator("[data-input]", { hasText: '"right":true' }).waitFor();
    await page.keyboard.up("d");
    await page.keyboard.up("ArrowRight");
    await side(page, 1).locator("[data-latency]").fill("500");
    await side(page, 1).getByText("(15 behind)").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Play" }).waitFor();
    const [newest, behind] = [await tickOf(page), Number(await side(page, 1).locator("[data-seen-tick]").innerText())];
    expect(newest - behind).toBe(15);
    expect(await fieldOf(page, 0, "ticksLeft")).toBe(4000 - newest);
    expect(await fieldOf(page, 1, "ticksLeft")).toBe(4000 - behind);
    for (const seat of [0, 1]) await side(page, seat).getByText("the same as the match").waitFor();
    expect(await side(page, 0).locator("[data-seen-hash]").innerText()).toBe(
      await page.locator("[data-hash]").innerText(),
    );
    expect(await page.locator("[data-fields]").innerText()).toMatch(/dots\[\]\.x\s+\d+/);

    await page.locator("[data-go-to]").fill("1");
    await page.locator("[data-tick]", { hasText: /^1$/ }).waitFor();
    expect(await fieldOf(page, 0, "dots[0].x")).toBe(100);
    await page.getByRole("button", { name: "Step" }).click();
    await page.locator("[data-tick]", { hasText: /^2$/ }).waitFor();
    expect(await page.locator("[data-go-to]").getAttribute("max")).toBe("2");
  });

  it("goes on with changed rules, and says where a step is not deterministic, throws, or does not return", async () => {
    const page = await browser.visit(url);
    await side(page, 1).locator("[data-latency]").fill("0");
    await page.locator("[data-problems='0']").waitFor();
    await side(page, 0).locator("[data-control]").selectOption("person");
    await play(page);
    await page.keyboard.down("d");
    await until(async () => ((await tickOf(page)) > 10 ? undefined : "ten ticks"));
    const before = await tickOf(page);

    writeFileSync(source, game(BY_FIFTY));
    await rulesLoaded(page, 2);
    await page.locator("[data-notice=info]", { hasText: "was kept" }).waitFor();
    expect(await tickOf(page)).toBeGreaterThanOrEqual(before);
    await until(async () => {
      const x = await fieldOf(page, 0, "dots[0].x");
      return x > 300 ? undefined : `the dot is at ${x}`;
    });
    await page.keyboard.up("d");

    writeFileSync(source, game(BY_CHANCE));
    await rulesLoaded(page, 3);
    const line =
      game(BY_CHANCE)
        .split("\n")
        .findIndex((one) => one.includes("Math.random")) + 1;
    const found = page.locator("[data-problem=differs]");
    await found.getByText("dots[1].bonus", { exact: true }).waitFor();
    await found.getByText(`dots.ts:${line}`).waitFor();
    await page.locator("[data-problem=calls]", { hasText: "calls Math.random" }).waitFor();
    await expectAccessible(page, "an inspection that found something");
    await picture(page, "inspection");

    writeFileSync(source, `${game(BY_ONE)}\nthis is no program`);
    await page.locator("[data-notice=error]", { hasText: "the old ones stay" }).waitFor({ timeout: RELOADED_MS });
    writeFileSync(source, game("throw new Error('no such dot');"));
    await rulesLoaded(page, 4);
    await page.locator("[data-notice=error]", { hasText: "no such dot" }).waitFor();
    await page.getByRole("button", { name: "Play" }).waitFor();
    writeFileSync(source, game(STUCK));
    await rulesLoaded(page, 5);
    await page
      .locator("[data-notice=error]", { hasText: "has not returned for 1 s" })
      .waitFor({ timeout: RELOADED_MS });
    // Mended: it plays on by itself, from before the fault.
    writeFileSync(source, game(BY_ONE));
    await rulesLoaded(page, 6);
    const mended = await tickOf(page);
    await until(async () => ((await tickOf(page)) > mended + 3 ? undefined : "plays on"));
    await page.locator("[data-problems='0']").waitFor();

    writeFileSync(source, game(BY_ONE, ", speed: uint(4)"));
    await page.locator("[data-notice=info]", { hasText: "the match began again" }).waitFor({ timeout: RELOADED_MS });
    expect(await fieldOf(page, 0, "dots[0].speed")).toBe(0);
  });
});
