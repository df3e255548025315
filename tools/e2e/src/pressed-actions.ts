// Which actions of the console a test has pressed: each has to have worked once.
import { OPERATOR_OPERATIONS } from "@muster/contracts/operations";
import { readContract } from "@muster/edge-api/testing";
import type { Page } from "playwright-core";

/** What moderators do by the chat routes. */
const CHAT_ACTIONS = ["deleteMessage", "muteInChannel", "unmuteInChannel"];
export const ACTIONS: readonly string[] = [
  ...Object.entries(OPERATOR_OPERATIONS).flatMap(([id, row]) => ("audit" in row ? [id] : [])),
  ...CHAT_ACTIONS,
];
export const pressed: Set<string> = new Set<string>();
const routes = ACTIONS.map((id) => {
  const { method, url } = readContract().operations.get(id) as { method: string; url: string };
  return { id, method, path: new RegExp(`^${url.replaceAll(/:\w+/g, "[^/]+")}$`) };
});

/** Of the console's actions, those that have succeeded because somebody pressed a button. */
export function notePressed(page: Page): void {
  page.on("response", (response) => {
    const [method, { pathname }] = [response.request().method(), new URL(response.url())];
    if (!response.ok()) return;
    for (const { id, method: its, path } of routes) if (its === method && path.test(pathname)) pressed.add(id);
  });
}
