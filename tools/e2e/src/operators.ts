// Moderators and admins as tests need them: REST with a role.
import type { MusterClient } from "@muster/client";
import { guest, makeAdmin } from "./players.ts";
import type { System } from "./system.ts";

export interface Operator {
  readonly playerId: string;
  readonly client: MusterClient;
  /** Status and body. */
  ask<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
}

export async function operators(system: System): Promise<{ player: Operator; moderator: Operator; admin: Operator }> {
  const [player, moderator, admin] = [await operator(system), await operator(system), await operator(system)];
  await makeAdmin(system, admin.playerId);
  await makeAdmin(system, moderator.playerId, "moderator");
  return { player, moderator, admin };
}

async function operator(system: System): Promise<Operator> {
  const { client, player } = await guest(system.url);
  return {
    playerId: player.playerId,
    client,
    async ask<T>(method: string, path: string, body?: unknown) {
      const send = async (): Promise<Response> =>
        fetch(`${system.url}${path}`, {
          method,
          headers: {
            authorization: `Bearer ${await client.accessToken()}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      const response = await send();
      const text = await response.text();
      return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as T };
    },
  };
}

/** Entries about `target`, newest first, as `action by actor: reason`. */
export async function entriesAbout(admin: Operator, target: string): Promise<string[]> {
  const { body } = await admin.ask<{ entries: Record<"actor" | "action" | "target" | "reason", string>[] }>(
    "GET",
    "/v1/admin/audit-log?limit=200",
  );
  return body.entries
    .filter((entry) => entry.target === target)
    .map(({ action, actor, reason }) => `${action} by ${actor}: ${reason}`);
}
