// The player's own account on the page, in a real browser.
import { until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  describeWithBrowser,
  expectAccessible,
  openBrowser,
  picture,
  playAsGuest,
  type TestBrowser,
} from "./browser-kit.ts";
import { startSystem, type System } from "./system.ts";

const PASSWORD = "correct horse battery staple";

const EXPIRED = {
  error: { code: "token_expired", message: "The access token has expired.", traceId: "0".repeat(32) },
};

describeWithBrowser("the profile page", () => {
  let system: System;
  let browser: TestBrowser;
  beforeAll(async () => {
    // Every repeat of a refresh counts: tabs that do not share their tokens lose their session.
    system = await startSystem({ page: true, env: { IDENTITY_REFRESH_GRACE_S: "0" } });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
  });

  it("makes a guest an account that another browser opens by its password, and signs that browser out", async () => {
    const page = await browser.visit(system.url);
    await playAsGuest(page);
    const id = await page.locator("[data-player]").getAttribute("data-player");
    await page.getByRole("link", { name: "Profile" }).click();
    await page.getByRole("heading", { name: "Keep this player" }).waitFor();
    await expectAccessible(page, "a guest's profile");
    const name = `up-${Date.now().toString(36)}`;
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByRole("heading", { name }).waitFor();
    await page.getByText("You have an account now").waitFor();

    const other = await browser.visit(`${system.url}/sign-in`);
    await other.getByLabel("Name").fill(name);
    await other.getByLabel("Password").fill(PASSWORD);
    await other.locator("form button").click();
    await other.locator("[data-player]").waitFor();
    expect(await other.locator("[data-player]").getAttribute("data-player")).toBe(id);

    await page.reload();
    await page.locator("[data-device=other] button").click();
    await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await page.locator("[data-device=other]").waitFor({ state: "detached" });
    await expectAccessible(page, "an account's profile");
    await picture(page, "profile");
    // Its access token is refused within seconds: whatever the page asks next tells it.
    await until(async () => {
      await other.goto(`${system.url}/profile`);
      const said = other.getByText("You were signed out on this device");
      // Either is there as soon as the page knows; it says it once, so that it is not left while it is about to.
      await other.locator("[data-player]").or(said).first().waitFor();
      const isSaid = await said.waitFor({ timeout: 2000 }).then(
        () => true,
        () => false,
      );
      return isSaid ? undefined : "the page does not say that its device is signed out";
    }, 30_000);
  }, 90_000);

  it("shares its session between two tabs: when both have to renew it at once, one asks the server, and both stay signed in", async () => {
    const page = await browser.visit(system.url);
    await playAsGuest(page);
    const id = await page.locator("[data-player]").getAttribute("data-player");
    const tabs = [page, await page.context().newPage()];
    const refreshes: string[] = [];
    page.context().on("request", (request) => {
      if (new URL(request.url()).pathname === "/v1/auth/refresh") refreshes.push(request.postData() ?? "");
    });
    for (let round = 1; round <= 3; round++) {
      const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      for (const [i, tab] of tabs.entries())
        await tab.route(
          "**/v1/me",
          async (route) => {
            asked[i]?.resolve();
            await Promise.all(asked.map(({ promise }) => promise)); // both with the same token
            await route.fulfill({ status: 401, json: EXPIRED });
          },
          { times: 1 },
        );
      // Signed in is what the page shows before it has asked: the answer to the token that came is waited for.
      const answered = tabs.map((tab) =>
        tab.waitForResponse((one) => new URL(one.url()).pathname === "/v1/me" && one.status() === 200),
      );
      await Promise.all(tabs.map((tab) => tab.goto(`${system.url}/profile`)));
      await Promise.all(answered);
      for (const tab of tabs) {
        await tab.locator("[data-player]").waitFor();
        expect(await tab.locator("[data-player]").getAttribute("data-player")).toBe(id);
      }
      expect(refreshes).toHaveLength(round);
    }
    expect(new Set(refreshes).size).toBe(3); // each with another token
  }, 90_000);
});
