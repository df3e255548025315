// One gateway's stream: its players, their channels, and how far each channel has been sent.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AttachPlayer, DeliverResponseSchema } from "@muster/contracts/chat/v2";
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import { MessageQueue } from "@muster/rpc";
import { GLOBAL_CHANNEL_ID } from "../channels.ts";
import { toMessage } from "../messages.ts";
import type { MessageRow, Tables } from "../schema.ts";
import { CHANNELS_LISTED_MAX, listActivityOf, listChannelsOf, type ViewedChannel } from "../store/channels.ts";
import { listBlocked } from "../store/moderation.ts";
import { viewsOf } from "../views.ts";

export type ToGateway = MessageInitShape<typeof DeliverResponseSchema>;

/** A gateway that does not read: the stream ends, and the gateway opens another one from where its players are. */
const QUEUE_MAX = 50_000;
/** A cursor further back than this starts here: the client reads the history for the rest. */
const CATCH_UP_CHANGES_MAX = 500n;

export interface GatewayStreamParts {
  readonly db: Database<Tables>;
  readonly log: Logger;
  /** The stream wants everything of this channel after its cursor, now. */
  wants(channelId: string): void;
}

/** Channels beyond the delivered ones that are waited for, per player: those that were active last. */
const QUIET_MAX = 2000;

interface AttachedPlayer {
  /** Given by the gateway, and repeated in every list. */
  readonly attachNumber: number;
  /** Where each channel started for this player. */
  readonly from: Map<string, bigint>;
  cursors: ReadonlyMap<string, bigint>;
  /** A read that has not begun: it will see whatever has changed until then. */
  isWaiting: boolean;
  /** Channels that are not delivered since too many others were active later, with where delivery goes on when they are. */
  quiet: ReadonlyMap<string, bigint>;
  /** It was seen to have more channels than are delivered. */
  hasMore: boolean;
  /** Channels in which something happened while the quiet ones were being read: whether they are quiet is known after that. */
  readonly activeMeanwhile: Set<string>;
}

type Activity = readonly { readonly id: string; readonly last_change: bigint }[];

export class GatewayStream {
  readonly out: MessageQueue<ToGateway> = new MessageQueue<ToGateway>(QUEUE_MAX);
  readonly gatewayId: string;
  readonly #parts: GatewayStreamParts;
  readonly #players = new Map<string, AttachedPlayer>();
  /** Reads of one player's channels come one after the other, however often the player attaches and detaches. */
  readonly #loading = new Map<string, Promise<void>>();
  /** By channel: everything up to this change has been sent. */
  readonly #cursors = new Map<string, bigint>();
  /** By channel: how many of our players are in it. */
  readonly #members = new Map<string, number>();
  /** By channel: players in whose quiet channels it is. */
  readonly #waitedFor = new Map<string, Set<string>>();
  /** Players whose quiet channels are being read. */
  readonly #reading = new Set<AttachedPlayer>();

  constructor(gatewayId: string, parts: GatewayStreamParts) {
    this.gatewayId = gatewayId;
    this.#parts = parts;
  }

  /** Undefined when none of our players is in the channel. */
  cursorOf(channelId: string): bigint | undefined {
    return this.#cursors.get(channelId);
  }

  get channels(): Iterable<string> {
    return this.#cursors.keys();
  }

  hasPlayer(playerId: string): boolean {
    return this.#players.has(playerId);
  }

  attach({ playerId, cursors, attachNumber }: AttachPlayer): void {
    this.detach(playerId);
    const player: AttachedPlayer = {
      attachNumber,
      from: new Map(),
      cursors: new Map(cursors.map(({ channelId, change }) => [channelId, change])),
      isWaiting: false,
      quiet: new Map(),
      hasMore: false,
      activeMeanwhile: new Set(),
    };
    this.#players.set(playerId, player);
    this.reload(playerId);
  }

  detach(playerId: string): void {
    const player = this.#players.get(playerId);
    if (!player) return;
    this.#players.delete(playerId);
    for (const channelId of player.from.keys()) this.#leave(channelId);
    this.#waitFor(playerId, player, new Map());
  }

  /** Something happened in a channel: who has it among the quiet ones has it delivered from that on. */
  active(channelId: string): void {
    for (const player of this.#reading) player.activeMeanwhile.add(channelId);
    for (const playerId of this.#waitedFor.get(channelId) ?? []) this.reload(playerId);
  }

  /** Reads the player's channels again: after attach, and when they have changed. */
  reload(playerId: string): void {
    const player = this.#players.get(playerId);
    if (!player || player.isWaiting) return;
    player.isWaiting = true;
    const loading = (this.#loading.get(playerId) ?? Promise.resolve())
      .then(async () => {
        player.isWaiting = false;
        if (this.#players.get(playerId) === player) await this.#load(playerId, player);
      })
      .catch((err: unknown) => {
        this.#parts.log.error(
          { err, gatewayId: this.gatewayId, playerId },
          "a player's channels could not be read; the stream is closed",
        );
        this.out.close(); // the gateway tries again, perhaps with another instance
      })
      .finally(() => {
        this.#reading.delete(player);
        if (this.#loading.get(playerId) === loading) this.#loading.delete(playerId);
      });
    this.#loading.set(playerId, loading);
  }

  /**
   * `changes`: all of one channel after the change `after`, in order. Those that were sent before are left out. A stream that has come to want
   * earlier ones while these were read gets none of them: it has asked for another read, and without the earlier ones it would skip those.
   */
  send(channelId: string, after: bigint, changes: readonly MessageRow[]): void {
    const cursor = this.#cursors.get(channelId);
    if (cursor === undefined || cursor < after) return;
    for (const change of changes) {
      if (change.change_no <= cursor) continue;
      this.out.push({ message: { case: "changed", value: toMessage(change) } });
      this.#cursors.set(channelId, change.change_no);
    }
  }

  async #load(playerId: string, player: AttachedPlayer): Promise<void> {
    const { db } = this.#parts;
    const [{ rows, activity }, blockedIds] = await Promise.all([
      this.#read(playerId, player),
      listBlocked(db, playerId),
    ]);
    const views = await viewsOf(db, rows, playerId);
    if (this.#players.get(playerId) !== player) return; // gone, or attached anew, while we read
    const isResumed = player.from.size > 0 || player.cursors.size > 0;
    const listed = new Set(rows.map((row) => row.id));
    const quiet = this.#quietOf(player, activity, listed);
    for (const channelId of player.from.keys()) {
      if (listed.has(channelId)) continue;
      player.from.delete(channelId);
      this.#leave(channelId);
    }
    const channels = rows.map((row, i) => {
      const known = player.from.get(row.id);
      // Where the player named a cursor it goes on; a channel joined since starts where the joining was; else at now.
      const joined = row.id === GLOBAL_CHANNEL_ID || !isResumed ? null : row.joined_change;
      const asked = player.quiet.get(row.id) ?? player.cursors.get(row.id) ?? joined ?? row.last_change;
      const from = known ?? clamped(asked, row.last_change);
      const isNew = known === undefined;
      return { row, channel: views[i] ?? {}, from, isNew, reset: isNew && from > asked };
    });
    // The player's channels go out before the first message of them.
    this.out.push({
      message: {
        case: "player",
        value: {
          playerId,
          channels: channels.map(({ channel, from, reset }) => ({ channel, fromChange: from, reset })),
          blockedIds,
          attachNumber: player.attachNumber,
        },
      },
    });
    for (const { row, from, isNew } of channels) {
      if (!isNew) continue;
      player.from.set(row.id, from);
      this.#join(row.id, from);
    }
    this.#waitFor(playerId, player, quiet);
    this.#reading.delete(player);
    if ([...player.activeMeanwhile].some((channelId) => quiet.has(channelId))) this.reload(playerId);
  }

  /** The channels to deliver, and of who has more than those also which others there are: read first, so that none is in neither. */
  async #read(playerId: string, player: AttachedPlayer): Promise<{ rows: ViewedChannel[]; activity: Activity }> {
    const { db } = this.#parts;
    player.activeMeanwhile.clear();
    if (player.hasMore) this.#reading.add(player);
    const activity = player.hasMore ? await listActivityOf(db, playerId, CHANNELS_LISTED_MAX + QUIET_MAX) : [];
    const { channels, next } = await listChannelsOf(db, playerId);
    if (!next || player.hasMore) return { rows: channels, activity };
    player.hasMore = true;
    return this.#read(playerId, player);
  }

  /** Where each would go on: after what has been sent, or where the player said, or at what there was. */
  #quietOf(player: AttachedPlayer, activity: Activity, listed: ReadonlySet<string>): Map<string, bigint> {
    const quiet = new Map<string, bigint>();
    for (const { id, last_change: last } of activity) {
      if (listed.has(id)) continue;
      const [from, sent] = [player.from.get(id), this.#cursors.get(id)];
      const delivered = from !== undefined && sent !== undefined && sent > from ? sent : from;
      quiet.set(id, delivered ?? player.quiet.get(id) ?? clamped(player.cursors.get(id) ?? last, last));
    }
    return quiet;
  }

  #waitFor(playerId: string, player: AttachedPlayer, quiet: ReadonlyMap<string, bigint>): void {
    for (const channelId of player.quiet.keys()) {
      const players = this.#waitedFor.get(channelId);
      players?.delete(playerId);
      if (players?.size === 0) this.#waitedFor.delete(channelId);
    }
    player.quiet = quiet;
    for (const channelId of quiet.keys()) {
      const players = this.#waitedFor.get(channelId);
      if (players) players.add(playerId);
      else this.#waitedFor.set(channelId, new Set([playerId]));
    }
  }

  #join(channelId: string, from: bigint): void {
    this.#members.set(channelId, (this.#members.get(channelId) ?? 0) + 1);
    const cursor = this.#cursors.get(channelId);
    if (cursor !== undefined && cursor <= from) return;
    // New here, or further back than we are: the gateway leaves out what its other players have had.
    this.#cursors.set(channelId, from);
    this.#parts.wants(channelId);
  }

  #leave(channelId: string): void {
    const left = (this.#members.get(channelId) ?? 1) - 1;
    if (left > 0) return void this.#members.set(channelId, left);
    this.#members.delete(channelId);
    this.#cursors.delete(channelId);
  }
}

/** No further back than we catch up over, and never ahead of what there is. */
function clamped(asked: bigint, last: bigint): bigint {
  const oldest = last > CATCH_UP_CHANGES_MAX ? last - CATCH_UP_CHANGES_MAX : 0n;
  return asked < oldest ? oldest : asked > last ? last : asked;
}
