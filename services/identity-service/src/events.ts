// One builder per event that identity-service emits. Accounts do not go yet: nobody builds that event.
import { type EventAttributes, newEvent, type StoredEvent, storedEvent } from "@muster/events";
import { currentTraceparent } from "@muster/tracing";
import type { Account } from "./schema.ts";

export const SOURCE = "muster/identity-service";

export function playerRegistered({ id, name, kind, created_at }: Account): StoredEvent {
  const data = { playerId: id, name, kind, registeredAt: created_at.toISOString() };
  return storedEvent(newEvent("player.registered", data, attributes(created_at)));
}

/** A guest that is registered has another name, and is of another kind. */
export function playerNameChanged({ id, name, kind, updated_at }: Account): StoredEvent {
  const data = { playerId: id, name, kind, changedAt: updated_at.toISOString() };
  return storedEvent(newEvent("player.name_changed", data, attributes(updated_at)));
}

/** @param until FOR_GOOD: without an end */
export function playerBanned(playerId: string, until: Date, at: Date): StoredEvent {
  const data = { playerId, until: until.toISOString(), bannedAt: at.toISOString() };
  return storedEvent(newEvent("player.banned", data, attributes(at)));
}

export function playerUnbanned(playerId: string, at: Date): StoredEvent {
  return storedEvent(newEvent("player.unbanned", { playerId, unbannedAt: at.toISOString() }, attributes(at)));
}

function attributes(time: Date): Omit<EventAttributes, "id"> {
  return { source: SOURCE, time, traceparent: currentTraceparent() };
}
