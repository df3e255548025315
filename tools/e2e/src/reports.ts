// What the moderators of a system under test have been told.
import { expect } from "vitest";
import type { components } from "@muster/contracts/openapi/edge/v1";
import { guest, makeAdmin } from "./players.ts";
import type { System } from "./system.ts";

type Report = components["schemas"]["Report"];

/** The open reports about a player, newest first. */
export async function reportsOf(system: System, playerId: string): Promise<readonly Report[]> {
  const { client, player } = await guest(system.url);
  await makeAdmin(system, player.playerId, "moderator");
  const token = await client.accessToken(true);
  const answer = await fetch(`${system.url}/v1/admin/reports?playerId=${playerId}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { reports: Report[] }).reports;
}
