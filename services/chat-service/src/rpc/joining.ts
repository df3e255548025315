// How players join a channel, and what they see of it afterwards.
import { inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { type Actor, directKey, refuseReading } from "../channels.ts";
import { fail } from "../errors.ts";
import type { ChannelRow } from "../schema.ts";
import {
  addMembers,
  findChannel,
  findChannelByKey,
  findMembership,
  lockChannel,
  isMember,
  showChannel,
  viewChannel,
} from "../store/channels.ts";
import type { Db, Tx } from "../store/db.ts";
import { haveSharedMatch } from "../store/directs.ts";
import { insertHint } from "../store/messages.ts";
import { type ChannelView, viewsOf } from "../views.ts";
import type { RpcParts } from "./parts.ts";

export interface Person {
  readonly playerId: string;
  readonly name: string;
}

export interface Joining {
  view(channelId: string, actor: Actor): Promise<ChannelView>;
  /** Adds players to a channel that the transaction has locked, and tells the instances that their channels have changed. */
  letIn(tx: Tx, channel: ChannelRow, people: readonly Person[]): Promise<void>;
  /**
   * A member who has hidden the channel sees it again.
   * @throws AppError channel_full, or what `first` throws: it is not called for who is in already
   */
  join(channelId: string, person: Person, first?: (tx: Tx) => Promise<unknown>): Promise<void>;
}

export function createJoining(parts: Pick<RpcParts, "db" | "delivery" | "limits" | "now">): Joining {
  const { db, delivery, limits, now } = parts;

  const letIn = async (tx: Tx, channel: ChannelRow, people: readonly Person[]): Promise<void> => {
    const added = await addMembers(tx, channel, people, now());
    await insertHint(tx, { playerIds: added }, now());
  };

  return {
    letIn,

    async view(channelId, actor) {
      const channel = must(await viewChannel(db, channelId, actor.playerId), "it is there");
      return must((await viewsOf(db, [channel], actor.playerId))[0], "one gives one");
    },

    async join(channelId, person, first = async () => {}) {
      const changed = await inTransaction(
        db,
        async (tx) => {
          const channel = must(await lockChannel(tx, channelId), "channels are never deleted");
          const membership = await findMembership(tx, channelId, person.playerId);
          if (membership?.is_hidden === 0) return false;
          if (membership) {
            await showChannel(tx, channel, person.playerId);
            await insertHint(tx, { playerIds: [person.playerId] }, now());
            return true;
          }
          if (channel.member_count >= limits.roomMembersMax) throw fail("channel_full");
          await first(tx);
          await letIn(tx, channel, [person]);
          return true;
        },
        { repeatable: "join" },
      );
      if (changed) delivery.wake();
    },
  };
}

/** Whether something is between the two already: a direct channel, or a match that both played. */
export async function haveMet(db: Db, a: string, b: string): Promise<boolean> {
  return (await findChannelByKey(db, directKey(a, b))) !== undefined || haveSharedMatch(db, a, b);
}

/** @throws AppError channel_not_found, not_a_member */
export async function visible({ db }: Pick<RpcParts, "db">, channelId: string, actor: Actor): Promise<ChannelRow> {
  const channel = await findChannel(db, channelId);
  if (!channel) throw fail("channel_not_found");
  refuseReading(channel, await isMember(db, channelId, actor.playerId), actor);
  return channel;
}
