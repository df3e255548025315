// Chat on the player's page, in a real browser.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  describeWithBrowser,
  expectAccessible,
  openBrowser,
  picture,
  playAsGuest,
  type TestBrowser,
} from "./browser-kit.ts";
import { reportsOf } from "./reports.ts";
import { startSystem, type System } from "./system.ts";

const TOO_MANY = { error: { code: "too_many_reports", message: "enough for today", traceId: "0".repeat(32) } };

describeWithBrowser("the chat page", () => {
  let system: System;
  let browser: TestBrowser;
  beforeAll(async () => {
    system = await startSystem({ page: true });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
  });

  const idOf = (page: Page): Promise<string | null> => page.locator("[data-player]").getAttribute("data-player");

  it("lets two players talk in a room and directly, edit, delete and report, and catch up after the network was away", async () => {
    const pages = (await Promise.all([browser.visit(system.url), browser.visit(system.url)])) as [Page, Page];
    const [one, other] = pages;
    for (const page of pages) await playAsGuest(page);
    const say = async (page: Page, body: string): Promise<void> => {
      await page.getByLabel("Message", { exact: true }).fill(body);
      await page.keyboard.press("Enter");
      await page.getByRole("log").getByText(body).waitFor();
    };
    const hears = (page: Page, body: string): Promise<void> =>
      page.getByRole("log").getByText(body).waitFor({ timeout: 20_000 });
    const room = `room-${Date.now().toString(36)}`;
    for (const page of pages) await page.getByRole("link", { name: "Chat" }).click();
    await one.getByLabel("Name of a room").fill(room);
    await expectAccessible(one, "the channels");
    await one.getByRole("button", { name: "Create" }).click();
    await one.getByRole("heading", { name: room }).waitFor();
    await other.getByLabel("Name of a room").fill(room);
    await other.getByRole("button", { name: "Join" }).click();
    await other.getByRole("heading", { name: room }).waitFor();
    await say(one, "first");
    await hears(other, "first");
    await one.getByRole("button", { name: "Edit" }).click();
    await one.getByLabel("You are editing a message.").fill("edited text");
    await one.keyboard.press("Enter");
    await hears(other, "edited text");

    await other.context().setOffline(true);
    await say(one, "while away 1");
    await say(one, "while away 2");
    await other.context().setOffline(false);
    await hears(other, "while away 2");
    const numbers = await other
      .locator("[data-seq]")
      .evaluateAll((lines) => lines.map((line) => line.getAttribute("data-seq")));
    expect(numbers).toEqual(["1", "2", "3"]);

    // Whoever reads a message reports it, with its text; what the server refuses stands in the dialogue, in words.
    await other
      .getByRole("button", { name: /^Report this message/ })
      .first()
      .click();
    const asked = other.getByRole("dialog");
    await asked.getByText("edited text").waitFor();
    await asked.getByLabel("Insults").check();
    const refused = { status: 429, headers: { "retry-after": "43000" }, json: TOO_MANY };
    await other.route("**/report", (request) => request.fulfill(refused));
    await asked.getByRole("button", { name: "Send the report" }).click();
    await asked.getByText("as one may in a day").waitFor();
    await asked.getByText("Try again in 12 hours.").waitFor();
    await other.unroute("**/report");
    await asked.getByRole("button", { name: "Send the report" }).click();
    await asked.getByText("The moderators have your report.").waitFor();
    await asked.getByRole("button", { name: "Close" }).click();
    const [stored] = await reportsOf(system, (await idOf(one)) as string);
    expect(stored).toMatchObject({ category: "harassment", message: { seq: 1, body: "edited text" } });

    await one.getByRole("button", { name: "Delete" }).first().click();
    await one.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await hears(other, "This message was deleted.");
    await expectAccessible(other, "a room");
    await picture(other, "chat");

    await other.locator("[data-seq] a").first().click();
    await say(other, "only for you");
    const direct = new URL(other.url()).pathname;
    await one.goto(system.url + direct);
    await hears(one, "only for you");
  }, 90_000);

  it("invites by name into a private room, counts what is unread on every page, and blocks and unblocks", async () => {
    const pages = (await Promise.all([browser.visit(system.url), browser.visit(system.url)])) as [Page, Page];
    const [one, other] = pages;
    for (const page of pages) await playAsGuest(page);
    const theirName = (await other.locator("[data-player] > span").innerText()).split(/\s/)[0] as string;
    const room = `club-${Date.now().toString(36)}`;
    await one.getByRole("link", { name: "Chat" }).click();
    await one.getByLabel("Name of a room").fill(room);
    await one.getByLabel("Private").check();
    await one.getByRole("button", { name: "Create" }).click();
    await one.getByLabel("Invite a player").fill("nobody-has-this");
    await one.getByRole("button", { name: "Invite" }).click();
    await one.getByText("There is no such player.").waitFor();
    await one.getByLabel("Invite a player").fill(theirName.toUpperCase());
    await one.getByRole("button", { name: "Invite" }).click();
    await one.getByText(`${theirName} is invited.`).waitFor();
    await expectAccessible(one, "an own room");

    await other.reload();
    await other.locator('nav [data-invited="1"]').waitFor({ timeout: 15_000 });
    await other.getByRole("link", { name: "Chat" }).click();
    await other.getByText(`invites you to ${room}`).waitFor();
    await picture(other, "invitations");
    await other.getByRole("button", { name: "Accept" }).click();
    await other.getByRole("heading", { name: room }).waitFor();
    await other.locator("nav [data-invited]").waitFor({ state: "detached" });
    await other.getByLabel("Invite a player").fill(theirName);
    await other.getByRole("button", { name: "Invite" }).click();
    await other.getByText("Only who made this room").waitFor();

    await other.getByRole("link", { name: "Leaderboard" }).click();
    await one.getByLabel("Message", { exact: true }).fill("are you there?");
    await one.keyboard.press("Enter");
    await other.locator('nav [data-unread="1"]').waitFor();
    await other.getByRole("link", { name: "Chat" }).click();
    await other.locator('.tabs [data-unread="1"]').waitFor();
    await other.locator(".tabs").getByText(room).click();
    await other.getByText("are you there?").waitFor();
    await other.locator("[data-unread]").first().waitFor({ state: "detached" });

    await other.goto(`${system.url}/players/${await idOf(one)}`);
    await other.getByRole("button", { name: /^Block / }).click();
    await other.getByText("You read nothing of").waitFor();
    await expectAccessible(other, "a blocked player");
    await picture(other, "blocked-player");
    await one.goto(`${system.url}/chat/direct/${await idOf(other)}`);
    await one.getByText("One of you has blocked the other.").waitFor();
    await other.getByRole("link", { name: "Profile" }).click();
    await other.locator("[data-blocked] button").click();
    await other.getByText("You block nobody.").waitFor();
  }, 90_000);
});
