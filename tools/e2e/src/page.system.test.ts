// The player's page in a real browser, through nginx, with real services.
import { gzipSync } from "node:zlib";
import { MusterClient } from "@muster/client";
import { duel } from "@muster/game-duel";
import path from "node:path";
import { freePort, paths } from "@muster/local";
import * as shard from "@muster/shard/testing";
import { until } from "@muster/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBadLink } from "./bad-link.ts";
import {
  describeWithBrowser,
  expectAccessible,
  openBrowser,
  picture,
  playAsGuest,
  type TestBrowser,
} from "./browser-kit.ts";
import { connected } from "./players.ts";
import { expectSteered } from "./steered.ts";
import { reportsOf } from "./reports.ts";
import { startSystem, type System } from "./system.ts";

const MODES = {
  duel: { game: "duel", seats: 2, options: {} },
  four: { game: "four", seats: 2, options: {} },
  "duel-practice": { game: "duel", seats: 2, options: {}, bots: { bot: "ace", afterS: 0 } },
  "duel-quick": { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 240 } },
};
const IN_MATCH_MS = 20_000;

describeWithBrowser("the player's page", () => {
  let system: System;
  let browser: TestBrowser;
  beforeAll(async () => {
    system = await startSystem({
      page: true,
      env: { MATCHMAKER_MODES: JSON.stringify(MODES), SHARD_GRACE_MS: "20000", SHARD_JOIN_WITHIN_MS: "10000" },
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
  });

  const start = (page: Page, mode: string): Promise<void> => page.locator(`[data-mode=${mode}]`).click();
  const inMatch = async (page: Page): Promise<string> => {
    const match = page.locator("[data-match]");
    await match.waitFor({ timeout: IN_MATCH_MS });
    return (await match.getAttribute("data-match")) as string;
  };
  /** Two players in a match of the mode. */
  const pair = async (mode: string, url = system.url): Promise<[Page, Page]> => {
    const pages = (await Promise.all([browser.visit(url), browser.visit(system.url)])) as [Page, Page];
    for (const page of pages) await playAsGuest(page);
    for (const page of pages) await start(page, mode);
    const [a, b] = await Promise.all(pages.map(inMatch));
    expect(a).toBe(b);
    return pages;
  };
  const resultOf = async (page: Page): Promise<string> => {
    await page.locator("[data-result]").waitFor({ timeout: 30_000 });
    return (await page.locator("[data-result]").getAttribute("data-result")) as string;
  };
  const idOf = (page: Page): Promise<string | null> => page.locator("[data-player]").getAttribute("data-player");
  /** Of the result that it shows. */
  const matchOf = async (page: Page): Promise<string | undefined> =>
    (await page.getByRole("link", { name: "Watch the replay" }).getAttribute("href"))?.split("/").at(-1);
  const scoresOf = (page: Page): Promise<string[]> => page.locator("tbody td:last-child").allTextContents();

  it("lets two guests play a duel to its end with their keyboards, and shows both the same result", async () => {
    const [one, other] = await pair("duel-quick");
    await one.bringToFront();
    await one.keyboard.down("Space");
    await one.keyboard.down("ArrowUp");
    await other.keyboard.down("KeyA");
    const [mine, theirs] = await Promise.all([resultOf(one), resultOf(other)]);
    expect(mine).toBe(theirs);
    expect(mine).toMatch(/^[0-9a-f]+$/);
    expect(await scoresOf(one)).toEqual(await scoresOf(other));
    await expectAccessible(one, "the result");
    await picture(one, "result");

    // And tells the moderators of the other, with the match.
    const report = one.getByRole("button", { name: /^Report / });
    expect(await report.count(), "nobody reports themselves").toBe(1);
    await report.click();
    const asked = one.getByRole("dialog");
    expect(await asked.getByRole("button", { name: "Send the report" }).isDisabled()).toBe(true);
    await asked.getByLabel("Cheating").check();
    await asked.getByLabel("What happened?").fill("It hits through walls.");
    await expectAccessible(one, "a report");
    await picture(one, "report");
    await asked.getByRole("button", { name: "Send the report" }).click();
    await asked.getByText("The moderators have your report.").waitFor();
    await one.keyboard.press("Escape");
    await asked.waitFor({ state: "detached" });
    expect(await one.evaluate<string>("document.activeElement.textContent")).toBe("Reported");
    const [id, theirId] = await Promise.all([one, other].map(idOf));
    const [stored] = await reportsOf(system, theirId as string);
    expect(stored).toMatchObject({
      reporterId: id,
      category: "cheating",
      comment: "It hits through walls.",
      matchId: await matchOf(one),
    });
  }, 60_000);

  it("shows the latency, asks before it gives up, and the other player wins", async () => {
    const [one, other] = await pair("duel");
    await until(async () => {
      const quality = await one.locator(".quality").textContent();
      return quality?.includes(" ms") ? undefined : `no latency: ${quality}`;
    }, 15_000);
    await expectAccessible(one, "a duel");
    await picture(one, "duel");

    // They talk beside the board; the game has its keys back when the chat is closed.
    await one.getByRole("button", { name: "Chat" }).click();
    const line = one.getByLabel("Message", { exact: true });
    await line.waitFor();
    await one.keyboard.type("a wad of luck");
    expect(await line.inputValue(), "the game takes no keys from who writes").toBe("a wad of luck");
    await one.keyboard.press("Enter");
    await one.getByRole("log").getByText("a wad of luck").waitFor();
    await other.locator('.match [data-unread="1"]').waitFor({ timeout: 15_000 });
    await other.locator('nav [data-unread="1"]').waitFor();
    expect(await other.evaluate<string>("document.activeElement.id"), "the chat of the other takes no focus").toBe(
      "main",
    );
    await expectAccessible(one, "a match and its chat");
    await picture(one, "match-chat");
    await one.keyboard.press("Escape");
    await line.waitFor({ state: "detached" });
    await one.keyboard.press("Space");
    expect(await line.count(), "the space bar fires, and opens nothing").toBe(0);
    await other.getByRole("button", { name: "Chat" }).click();
    await other.getByRole("log").getByText("a wad of luck").waitFor();
    await other.locator("[data-unread]").first().waitFor({ state: "detached" });

    await one.getByRole("button", { name: "Give up" }).click();
    await expectAccessible(one, "the question");
    await one.getByRole("dialog").getByRole("button", { name: "Give up" }).click();
    await one.getByRole("heading", { name: /The match was cancelled|You lost/ }).waitFor();
    await other.getByRole("heading", { name: "You won" }).waitFor({ timeout: 30_000 });
    await other.getByRole("log").getByText("a wad of luck").waitFor(); // still open under the result
    await expectAccessible(other, "a result and its chat");
    await other.getByRole("button", { name: "Another game" }).click();
    await other.getByRole("heading", { name: "Play", exact: true }).waitFor();
    await other.waitForLoadState("networkidle");
    expect(await other.getByText("You have a running match").count(), "a match whose end it has seen").toBe(0);
  }, 60_000);

  it("plays four in a row by buttons, in turn, until one has four in a line", async () => {
    const [one, other] = await pair("four");
    const column = (page: Page, n: number): Promise<void> =>
      page.getByRole("button", { name: `Drop a disc into column ${n} ` }).click({ timeout: 10_000 });
    const first = (await one.getByText("It is your turn.").isVisible()) ? one : other;
    const second = first === one ? other : one;
    await expectAccessible(first, "four in a row");
    await picture(first, "four");
    for (let turn = 0; turn < 3; turn++) {
      await column(first, 1);
      await column(second, 2);
    }
    await column(first, 1);
    await first.getByRole("heading", { name: "You won" }).waitFor();
    await second.getByRole("heading", { name: "You lost" }).waitFor();
  }, 60_000);

  it("goes on with the match after the network was away, and after the page was loaded again", async () => {
    const link = await openBadLink(system.url, {}, () => 1);
    const [one, other] = await pair("duel", link.url.replace("ws:", "http:"));
    link.cut();
    await one.getByText("The connection was lost").waitFor({ timeout: 10_000 });
    await other.getByText("has lost the connection").waitFor({ timeout: 10_000 });
    await picture(one, "connection-lost");
    link.mend();
    await one.getByText("The connection was lost").waitFor({ state: "detached", timeout: 15_000 });
    await other.getByText("has lost the connection").waitFor({ state: "detached", timeout: 15_000 });
    await one.reload();
    await one.getByRole("button", { name: "Back to the match" }).click();
    const again = await inMatch(one);
    expect(again).toBe(await other.locator("[data-match]").getAttribute("data-match"));
    await other.getByRole("button", { name: "Give up" }).click();
    await other.getByRole("dialog").getByRole("button", { name: "Give up" }).click();
    await one.getByRole("heading", { name: "You won" }).waitFor({ timeout: 30_000 });
    await link.close();
  }, 90_000);

  it("goes on with the match on another shard when its own stops", async () => {
    const [one, other] = await pair("duel");
    const another = await startAnotherShard(system);
    await system.stop("shard");
    const clock = one.locator(".clock");
    const before = await clock.textContent();
    await until(
      async () => ((await clock.textContent()) === before ? "the clock of the match stands still" : undefined),
      20_000,
    );
    expect(await inMatch(one)).toBe(await inMatch(other));
    await system.start("shard");
    await another.stop();
  }, 90_000);

  it.each([
    ["a phone held upright", { width: 360, height: 740 }, true],
    ["a phone held across", { width: 740, height: 360 }, true],
    ["a small laptop", { width: 1366, height: 650 }, false],
  ])(
    "fits all of a duel into the window of %s",
    async (_, viewport, isTouched) => {
      const page = await browser.visit(`${system.url}/?guest&mode=duel-practice`, {
        viewport,
        hasTouch: isTouched,
        isMobile: isTouched,
      });
      await inMatch(page);
      const parts = page.locator("canvas, .match button:visible, .score");
      await page.locator("canvas").waitFor();
      expect(await parts.count()).toBe(isTouched ? 9 : 5);
      for (const part of await parts.all()) {
        const box = (await part.boundingBox()) as { x: number; y: number; width: number; height: number };
        const what = (await part.getAttribute("aria-label")) ?? (await part.textContent());
        expect(box.y, `${what}: top`).toBeGreaterThanOrEqual(0);
        expect(box.y + box.height, `${what}: bottom`).toBeLessThanOrEqual(viewport.height);
        expect(box.x + box.width, `${what}: right`).toBeLessThanOrEqual(viewport.width);
      }
      const arena = (await page.locator("canvas").boundingBox()) as { width: number };
      expect(arena.width, "the arena is wide enough to play in").toBeGreaterThan(250);
      await page.screenshot({
        path: path.join(paths.root, `test-output/screenshots/duel-in-${viewport.width}x${viewport.height}.png`),
      });
    },
    60_000,
  );

  it("steers the duel with fingers, two at once, and with a gamepad", async () => {
    const page = await browser.visit(system.url, {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    await playAsGuest(page);
    await start(page, "duel");
    const other = await connected(system);
    const match = await other.realtime.join(await other.realtime.queue("duel"), duel);
    await inMatch(page);
    await expectSteered(page, match);
    await other.realtime.leaveMatch();
    await page.getByRole("heading", { name: "You won" }).waitFor({ timeout: 30_000 });
    other.client.close();
  }, 60_000);

  it("begins a practice match at once, and leaves a queue in which nobody else waits", async () => {
    const page = await browser.visit(system.url);
    await picture(page, "welcome");
    await expectAccessible(page, "the welcome");
    await playAsGuest(page);
    await expectAccessible(page, "the modes");
    await picture(page, "modes");
    await start(page, "four");
    await page.getByRole("heading", { name: /Looking for/ }).waitFor();
    await expectAccessible(page, "the queue");
    await picture(page, "queue");
    await page.getByRole("button", { name: "Leave the queue" }).click();
    await page.getByRole("heading", { name: "Play", exact: true }).waitFor();
    await start(page, "duel-practice");
    await inMatch(page);
  }, 60_000);

  it("takes neither a queue nor a failure along to the next who signs in", async () => {
    const page = await browser.visit(system.url);
    await playAsGuest(page);
    await start(page, "four");
    await page.getByRole("heading", { name: /Looking for/ }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await playAsGuest(page);
    expect(await page.getByRole("alert").allTextContents()).toEqual([]);
  }, 60_000);

  it("leads by a link straight into a match, and only once", async () => {
    const page = await browser.visit(`${system.url}/?guest&mode=duel-practice`);
    await inMatch(page);
    expect(new URL(page.url()).search).toBe("");
  }, 60_000);

  it("queues nobody by a link where a match would count: the visitor decides", async () => {
    const page = await browser.visit(system.url);
    await playAsGuest(page);
    const own = await page.locator("[data-player]").getAttribute("data-player");
    const asked = page.waitForResponse((response) => response.url().endsWith("/v1/modes"));
    await page.goto(`${system.url}/?guest&mode=duel`);
    await asked;
    await page.locator("[data-mode=duel]").waitFor();
    const { waiting } = (await new MusterClient({ url: system.url }).modes()).find(({ mode }) => mode === "duel") ?? {};
    expect(waiting).toBe(0);
    expect(await page.getByRole("heading", { name: /Looking for/ }).count()).toBe(0);
    expect(await page.locator("[data-player]").getAttribute("data-player"), "the same guest").toBe(own);
    expect(new URL(page.url()).search).toBe("");
  }, 30_000);

  it("registers, signs out and in, keeps the session, and says what is wrong with a name or a password", async () => {
    const page = await browser.visit(`${system.url}/sign-up`);
    const name = `web-${Date.now().toString(36)}`;
    const fill = async (password: string): Promise<void> => {
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("Password").fill(password);
      await page.locator("form button").click();
    };
    await picture(page, "sign-up");
    await fill("12345678");
    await page.getByText("This password is easily guessed").waitFor();
    await expectAccessible(page, "the form with an error");
    await fill("correct horse battery staple");
    await page.locator("[data-player]").waitFor();
    await page.reload();
    await page.getByText(name).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).first().click();
    await fill("not the right password");
    await page.getByText("The name or the password is wrong").waitFor();
    await fill("correct horse battery staple");
    await page.locator("[data-player]").waitFor();
  }, 60_000);

  it("speaks German, keeps the choice, and says when there is no such page", async () => {
    const page = await browser.visit(`${system.url}/nothing-here`, { locale: "de-DE" });
    await page.getByRole("heading", { name: "Diese Seite gibt es nicht" }).waitFor();
    await picture(page, "not-found");
    await page.getByLabel("Sprache").selectOption("en");
    await page.reload();
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
  });

  it("is at every path that a browser asks for as a page, and nowhere in the API's way", async () => {
    const ask = (path: string, accept: string): Promise<Response> => fetch(system.url + path, { headers: { accept } });
    for (const path of ["/", "/leaderboard/duel", "/matches/x?y=text/html"]) {
      const page = await ask(path, "text/html,application/xhtml+xml");
      expect(page.status, path).toBe(200);
      expect(page.headers.get("content-type")).toContain("text/html");
      expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(page.headers.get("cache-control")).toBe("no-cache");
    }
    for (const path of [
      "/v1/modes",
      "/v1/openapi.yaml",
      "/v1/nothing",
      "/healthz",
      "/.well-known/jwks.json",
      "/system/healthz",
    ])
      expect((await ask(path, "text/html")).headers.get("content-type"), path).not.toContain("text/html");
    expect(await (await ask("/", "application/json")).json()).toHaveProperty("name");
    expect((await ask("/index.html", "*/*")).status).toBe(404);
    const html = await (await ask("/", "text/html")).text();
    const [script] = /\/page\/[^"]+\.js/.exec(html) as RegExpExecArray;
    const asset = await ask(script, "*/*");
    expect(asset.headers.get("cache-control")).toContain("immutable");
    expect(asset.headers.get("content-encoding")).toBe("gzip");
    expect(asset.headers.get("content-type")).toContain("text/javascript");
    let firstLoad = 0;
    for (const [file] of html.matchAll(/\/page\/[^"]+\.(js|css)/g))
      firstLoad += gzipSync(await (await ask(file, "*/*")).bytes()).length;
    expect(firstLoad).toBeGreaterThan(10 * 1024);
    expect(firstLoad, "bytes of the first load, compressed").toBeLessThan(60 * 1024); // 47 when it was written
    expect((await ask("/page/../../../etc/passwd", "*/*")).status).toBe(404);
    expect((await ask("/page/%2e%2e/%2e%2e/package.json", "*/*")).status).toBeGreaterThanOrEqual(400);
  });
});

async function startAnotherShard(system: System): Promise<{ stop(): Promise<void> }> {
  const [link, admin] = [await freePort(), await freePort()];
  const more = {
    SHARD_LINK_PORT: String(link),
    SHARD_LINK_ADDRESS: `127.0.0.1:${link}`,
    SHARD_ADMIN_PORT: String(admin),
  };
  const app = shard.service.createApp(shard.readConfig({ ...system.env, ...more }), {
    log: system.logs.shard.logger("shard"),
  });
  await app.start();
  return app;
}
