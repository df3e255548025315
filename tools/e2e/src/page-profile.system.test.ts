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

describeWithBrowser("the profile page", () => {
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
      // Either is there as soon as the page knows; it says it once.
      await other.locator("[data-player]").or(said).first().waitFor();
      return (await said.isVisible()) ? undefined : "the page does not say that its device is signed out";
    }, 30_000);
  }, 90_000);
});
