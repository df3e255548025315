// Posting, editing and deleting. Each is one transaction that locks the channel, so sequence and change numbers have no gaps
// and become visible in order.
import { type Database, inTransaction, isDuplicateKey } from "@muster/db";
import type { AppError } from "@muster/errors";
import { type Audit, moderationTarget } from "./audit.ts";
import { Authors } from "./authors.ts";
import { type Actor, mayModerate, refusePosting, refuseReading } from "./channels.ts";
import { fail } from "./errors.ts";
import { cleanBody } from "./messages.ts";
import { refuseMuted } from "./muted.ts";
import { admit, type Rate } from "./rate.ts";
import type { ChannelRow, MessageRow, Tables } from "./schema.ts";
import { findMembership, lockChannel, isMember, moveReadMark, showChannel, updateCounters } from "./store/channels.ts";
import type { Tx } from "./store/db.ts";
import {
  ensureSender,
  findByClientKey,
  findMessage,
  lockSender,
  insertHint,
  insertMessage,
  updateMessage,
  updateSender,
} from "./store/messages.ts";
import { isBlocked } from "./store/moderation.ts";
import { type Aside, KeyQueues } from "./key-queues.ts";

export interface PostingOptions {
  readonly db: Database<Tables>;
  readonly now: () => Date;
  readonly rate: Rate;
  readonly bodyCharsMax: number;
  /** Of the wait for a channel's turn. */
  readonly aside: Aside;
  readonly editWindowS: number;
  readonly audit: Audit;
  /** A change has been committed. */
  readonly onCommitted: () => void;
}

export interface Posting {
  post(actor: Actor, channelId: string, body: string, key: string): Promise<MessageRow>;
  edit(actor: Actor, channelId: string, seq: bigint, body: string): Promise<MessageRow>;
  remove(actor: Actor, channelId: string, seq: bigint): Promise<void>;
}

/** Posts of one author that may wait their turn, however small the burst is. */
const AUTHOR_WAITING_MIN = 8;
/** Posts of one channel that may wait their turn in one instance. More are refused, to be sent again. */
const CHANNEL_WAITING_MAX = 200;
const CHANNEL_RETRY_MS = 1000;

export function createPosting(options: PostingOptions): Posting {
  const { db, now, onCommitted } = options;
  const channels = new KeyQueues(options.aside);
  const authors = new Authors(Math.max(options.rate.burst, AUTHOR_WAITING_MIN), () => now().getTime());

  /** @throws AppError chat_rate_limited with details.retryAfterS */
  const takeRate = async (tx: Tx, playerId: string, nextAt: Date): Promise<void> => {
    const admission = admit(nextAt, now(), options.rate);
    if ("retryAfterMs" in admission) {
      authors.refused(playerId, admission.retryAfterMs);
      throw rateLimited(admission.retryAfterMs);
    }
    await updateSender(tx, playerId, admission.nextAt);
  };

  const nextChange = async (tx: Tx, channel: ChannelRow, lastSeq: bigint): Promise<bigint> => {
    const change = channel.last_change + 1n;
    await updateCounters(tx, channel.id, { lastSeq, lastChange: change, at: now() });
    await insertHint(tx, { channelId: channel.id }, now());
    return change;
  };

  /** Before anything is asked of the database. */
  const asAuthor = async <T>(
    actor: Actor,
    channelId: string,
    work: (tx: Tx, channel: ChannelRow, nextAt: Date) => Promise<T>,
  ): Promise<T> => {
    refuseIfLimited(actor.playerId);
    if (authors.isFull(actor.playerId)) throw rateLimited(options.rate.everyMs);
    return authors.run(actor.playerId, async () => {
      refuseIfLimited(actor.playerId); // one before it may have been refused
      return holding(actor, channelId, work);
    });
  };

  const refuseIfLimited = (playerId: string): void => {
    const retryAfterMs = authors.retryAfterMs(playerId);
    if (retryAfterMs > 0) throw rateLimited(retryAfterMs);
  };

  /** The author's rate first, then the channel: everyone takes the two locks in this order. */
  const holding = async <T>(
    actor: Actor,
    channelId: string,
    work: (tx: Tx, channel: ChannelRow, nextAt: Date) => Promise<T>,
  ): Promise<T> => {
    await ensureSender(db, actor.playerId, now());
    if (channels.waiting(channelId) >= CHANNEL_WAITING_MAX) throw rateLimited(CHANNEL_RETRY_MS);
    // In the channel's turn: a crowd in one channel holds one connection, and all others are everybody else's.
    const result = await channels.run(channelId, () =>
      inTransaction(
        db,
        async (tx) => {
          const nextAt = (await lockSender(tx, actor.playerId)) ?? now();
          const channel = await lock(tx, channelId);
          return work(tx, channel, nextAt);
        },
        { repeatable: "post or edit" },
      ),
    );
    onCommitted();
    return result;
  };

  const posting: Posting = {
    post(actor, channelId, given, key) {
      const body = cleanBody(given, options.bodyCharsMax);
      return asAuthor(actor, channelId, async (tx, channel, nextAt) => {
        const before = await findByClientKey(tx, channelId, actor.playerId, key);
        if (before) return before; // a repeat
        const { isHidden } = await refuseUnlessMayPost(tx, channel, actor, now());
        await takeRate(tx, actor.playerId, nextAt);
        const seq = channel.last_seq + 1n;
        const message: MessageRow = {
          channel_id: channelId,
          seq,
          change_no: await nextChange(tx, channel, seq),
          author_id: actor.playerId,
          author_name: actor.name,
          body,
          client_key: key,
          sent_at: now(),
          edited_at: null,
          deleted_at: null,
        };
        await insertMessage(tx, message);
        await moveReadMark(tx, channel, actor, seq, now());
        // Who writes wants to see the answer.
        if (isHidden) {
          await showChannel(tx, channel, actor.playerId);
          await insertHint(tx, { playerIds: [actor.playerId] }, now());
        }
        return message;
      });
    },

    edit(actor, channelId, seq, given) {
      const body = cleanBody(given, options.bodyCharsMax);
      return asAuthor(actor, channelId, async (tx, channel, nextAt) => {
        await refuseUnlessMayPost(tx, channel, actor, now());
        const message = await findMessage(tx, channelId, seq);
        if (!message || message.deleted_at !== null) throw fail("message_not_found");
        if (message.author_id !== actor.playerId) throw fail("not_allowed");
        if (now().getTime() - message.sent_at.getTime() > options.editWindowS * 1000)
          throw fail("edit_window_over", { details: { windowS: options.editWindowS } });
        if (message.body === body) return message; // a repeat
        await takeRate(tx, actor.playerId, nextAt);
        const change = await nextChange(tx, channel, channel.last_seq);
        const edited = { ...message, body, edited_at: now(), change_no: change };
        await updateMessage(tx, edited);
        return edited;
      });
    },

    async remove(actor, channelId, seq) {
      await inTransaction(
        db,
        async (tx) => {
          const channel = await lock(tx, channelId);
          refuseReading(channel, await isMember(tx, channelId, actor.playerId), actor);
          const message = await findMessage(tx, channelId, seq);
          if (!message || message.deleted_at !== null) throw fail("message_not_found");
          const isOwn = message.author_id === actor.playerId;
          if (!isOwn && !mayModerate(channel, actor)) throw fail("not_allowed");
          const change = await nextChange(tx, channel, channel.last_seq);
          await updateMessage(tx, { ...message, body: "", deleted_at: now(), change_no: change });
          if (!isOwn) {
            await options.audit.append(tx, {
              actor: actor.playerId,
              action: "message_deleted",
              target: moderationTarget(message.author_id, channelId),
              reason: `message ${seq}`,
              at: now(),
            });
          }
        },
        { repeatable: "delete message" },
      );
      onCommitted();
    },
  };
  return {
    ...posting,
    // Two posts with one key at the same instant from two sockets: the second finds the first.
    post: (actor, channelId, body, key) =>
      posting.post(actor, channelId, body, key).catch((err: unknown) => {
        if (isDuplicateKey(err, "messages_by_client_key")) return posting.post(actor, channelId, body, key);
        throw err;
      }),
  };
}

function rateLimited(retryAfterMs: number): AppError {
  return fail("chat_rate_limited", { details: { retryAfterS: Math.ceil(retryAfterMs / 1000) } });
}

async function lock(tx: Tx, channelId: string): Promise<ChannelRow> {
  const channel = await lockChannel(tx, channelId);
  if (!channel) throw fail("channel_not_found");
  return channel;
}

/** @returns whether the author has hidden the channel. @throws AppError channel_not_found, not_a_member, muted, blocked */
async function refuseUnlessMayPost(
  tx: Tx,
  channel: ChannelRow,
  actor: Actor,
  now: Date,
): Promise<{ isHidden: boolean }> {
  const membership = channel.kind === "global" ? undefined : await findMembership(tx, channel.id, actor.playerId);
  refusePosting(channel, membership !== undefined);
  const isHidden = membership?.is_hidden === 1;
  await refuseMuted(tx, channel.id, actor.playerId, now);
  if (channel.kind !== "direct") return { isHidden };
  const [, a = "", b = ""] = channel.unique_key.split(":");
  if (await isBlocked(tx, a, b)) throw fail("blocked");
  return { isHidden };
}
