// What a test does in the operator's console, as somebody in front of it would.
import { MusterClient } from "@muster/client";
import type { Page } from "playwright-core";
import type { TestBrowser } from "./browser-kit.ts";
import { guest, makeAdmin, randomName } from "./players.ts";
import { notePressed } from "./pressed-actions.ts";
import type { System } from "./system.ts";

const PASSWORD = "correct horse battery staple";

export async function account(system: System): Promise<{ name: string; playerId: string }> {
  const name = randomName();
  const { playerId } = await new MusterClient({ url: system.url }).register({
    name,
    password: PASSWORD,
    deviceId: crypto.randomUUID(),
    deviceLabel: "test",
  });
  return { name, playerId };
}

/** Another device of an `account`. */
export async function logIn(system: System, name: string): Promise<void> {
  const device = { deviceId: crypto.randomUUID(), deviceLabel: "more" };
  await new MusterClient({ url: system.url }).logIn({ name, password: PASSWORD, ...device });
}

export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("form button").click();
}

/** The console's page of somebody with that role. */
export async function operator(system: System, browser: TestBrowser, role: "admin" | "moderator"): Promise<Page> {
  const { name, playerId } = await account(system);
  await makeAdmin(system, playerId, role);
  const page = await browser.visit(`${system.url}/console`);
  notePressed(page);
  await signIn(page, name);
  await page.getByRole("heading", { name: "System" }).waitFor();
  return page;
}

export function sections(page: Page): Promise<string[]> {
  return page.getByRole("navigation", { name: "Console" }).getByRole("link").allTextContents();
}

export async function section(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Answers the question that the page asks, and reads what it says was done. */
export async function order(page: Page, yes: string, reason = "seen by a test"): Promise<string> {
  await page.getByRole("dialog").getByLabel("Reason").fill(reason);
  await page.getByRole("dialog").getByRole("button", { name: yes, exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  return (await page.locator("[data-done]").textContent()) as string;
}

export interface ReportedMessage {
  readonly client: MusterClient;
  readonly offender: { readonly name: string };
  readonly channelId: string;
  readonly seq: number;
}

/** Written by a guest in a room of its own, and reported by another one. */
export async function reportedMessage(system: System, body: string): Promise<ReportedMessage> {
  const { client, player: offender } = await guest(system.url);
  const { channelId, name } = await client.chat.createRoom(`r ${randomName()}`);
  const { seq } = await client.chat.post(channelId, body);
  const reporter = await guest(system.url);
  await reporter.client.chat.joinRoom(name);
  const { status } = await fetch(`${system.url}/v1/chat/channels/${channelId}/messages/${seq}/report`, {
    method: "POST",
    headers: { authorization: `Bearer ${await reporter.client.accessToken()}`, "content-type": "application/json" },
    body: JSON.stringify({ category: "harassment", comment: "rude" }),
  });
  if (status !== 201) throw new Error(`the report was answered with ${status}`);
  return { client, offender, channelId, seq };
}
