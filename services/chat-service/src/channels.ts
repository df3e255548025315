// What a channel is and who may do what in it. No I/O.
import { fail } from "./errors.ts";
import type { ChannelRow } from "./schema.ts";

/** There is one, and it is always there. */
export const GLOBAL_CHANNEL_ID = "00000000-0000-7000-8000-000000000001";
/** In `mutes`: all channels. */
export const EVERYWHERE = "00000000-0000-0000-0000-000000000000";

export interface Actor {
  readonly playerId: string;
  readonly name: string;
  readonly moderator: boolean;
}

export function directKey(a: string, b: string): string {
  return `direct:${[a, b].toSorted((x, y) => (x < y ? -1 : 1)).join(":")}`;
}

export function matchKey(matchId: string): string {
  return `match:${matchId}`;
}

export function roomKey(name: string): string {
  // Twice: lower case may take a letter apart again.
  const folded = name.normalize("NFKC").toLowerCase().normalize("NFKC");
  return `room:${folded.replaceAll(/\s+/g, " ").trim()}`;
}

/** The match, or the other player; empty for global channels and rooms. */
export function subjectOf(channel: ChannelRow, viewerId: string): string {
  const [kind, ...ids] = channel.unique_key.split(":");
  if (kind === "match") return ids[0] ?? "";
  return kind === "direct" ? (ids.find((id) => id !== viewerId) ?? "") : "";
}

/**
 * May read and be delivered. Moderators may read rooms, matches and the global channel: they cannot judge what they
 * cannot see. Direct messages are the two players' own.
 * @throws AppError channel_not_found, not_a_member
 */
export function refuseReading(channel: ChannelRow, isMember: boolean, actor: Actor): void {
  if (channel.kind === "global" || isMember || (actor.moderator && channel.kind !== "direct")) return;
  throw fail(channel.kind === "room" && !channel.is_private ? "not_a_member" : "channel_not_found");
}

/** @throws AppError channel_not_found, not_a_member */
export function refusePosting(channel: ChannelRow, isMember: boolean): void {
  if (channel.kind === "global" || isMember) return;
  throw fail(channel.kind === "room" && !channel.is_private ? "not_a_member" : "channel_not_found");
}

/** Deleting others' messages, muting, removing members. */
export function mayModerate(channel: ChannelRow, actor: Actor): boolean {
  return (
    (actor.moderator && channel.kind !== "direct") || (channel.kind === "room" && channel.owner_id === actor.playerId)
  );
}
