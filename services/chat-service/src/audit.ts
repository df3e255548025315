// The moderation log: what was done to a message or a member, by whom and why. It is this service's audit log.
import { type AuditLog, createSealer, type Sealer, type SealingAction } from "@muster/audit";

export type ModerationAction = "message_deleted" | "player_muted" | "player_unmuted" | "member_removed";
export type AuditAction = SealingAction | ModerationAction | "moderation_adopted";

export type Audit = AuditLog<AuditAction>;

/** `keys` as CHAT_AUDIT_KEY has them. The name is in every seal: another one would be another log. */
export function chatSealer(keys: string): Sealer {
  return createSealer("chat", keys);
}

/** The player, and the channel: all zeros are all channels. */
export function moderationTarget(playerId: string, channelId: string): string {
  return `${playerId}/${channelId}`;
}
