// Delivers committed changes to the gateways. Hints say which channels have changed. Each changed channel is read once for
// all streams, starting from the stream that is furthest behind, and each stream sends what it has not sent yet.
import type { Database } from "@muster/db";
import { must } from "@muster/errors";
import type { Logger } from "@muster/log";
import type { Component } from "@muster/runtime";
import type { Tables } from "../schema.ts";
import { type Hint, listChanges } from "../store/messages.ts";
import { GatewayStream } from "./gateway-stream.ts";
import { followHints } from "./hints.ts";

export interface Delivery extends Component {
  open(gatewayId: string): GatewayStream;
  close(stream: GatewayStream): void;
  /** Something has been committed here. */
  wake(): void;
  readonly streams: number;
}

const PAGE_ROWS = 200;

export function createDelivery(options: { db: Database<Tables>; tailEveryMs: number; log: Logger }): Delivery {
  const { db, log } = options;
  const streams = new Set<GatewayStream>();
  /** Channels that are being read; `again` when something came meanwhile. */
  const reading = new Map<string, { again: boolean }>();

  const readOnce = async (channelId: string): Promise<boolean> => {
    const cursors = [...streams].map((stream) => stream.cursorOf(channelId)).filter((cursor) => cursor !== undefined);
    if (cursors.length === 0) return false;
    const lowest = cursors.reduce((a, b) => (a < b ? a : b));
    const changes = await listChanges(db, channelId, lowest, PAGE_ROWS);
    for (const stream of streams) stream.send(channelId, lowest, changes);
    return changes.length === PAGE_ROWS;
  };

  const read = async (channelId: string): Promise<void> => {
    const pass = { again: true };
    reading.set(channelId, pass);
    try {
      while (pass.again) {
        pass.again = false;
        if (await readOnce(channelId)) pass.again = true;
      }
    } catch (err) {
      // What was not read is read with the next stream: every stream that wants this channel starts over.
      log.error({ err, channelId }, "a channel could not be read; its streams are closed");
      for (const stream of streams) if (stream.cursorOf(channelId) !== undefined) stream.out.close();
    } finally {
      reading.delete(channelId);
    }
  };

  const wants = (channelId: string): void => {
    const pass = reading.get(channelId);
    if (pass) pass.again = true;
    else read(channelId).catch((err: unknown) => log.error({ err, channelId }, "a stream could not be closed"));
  };

  const onHints = (committed: readonly Hint[]): void => {
    for (const channelId of new Set(committed.map((hint) => hint.channel_id))) {
      if (channelId === null) continue;
      if (isWanted(channelId)) wants(channelId);
      for (const stream of streams) stream.active(channelId);
    }
    for (const playerId of new Set(committed.map((hint) => hint.player_id)))
      if (playerId !== null) for (const stream of streams) stream.reload(playerId);
  };

  const isWanted = (channelId: string): boolean =>
    [...streams].some((stream) => stream.cursorOf(channelId) !== undefined);

  const hints = followHints({ db, everyMs: options.tailEveryMs, log, onHints });
  return {
    name: "delivery",
    start: () => must(hints.start, "hints are followed from a start on")(),
    async stop() {
      for (const stream of streams) stream.out.close();
      await hints.stop?.();
    },
    open(gatewayId) {
      const stream = new GatewayStream(gatewayId, { db, log, wants });
      streams.add(stream);
      log.info({ gatewayId }, "gateway connected");
      return stream;
    },
    close(stream) {
      streams.delete(stream);
      log.info({ gatewayId: stream.gatewayId }, "gateway disconnected");
    },
    wake: () => hints.wake(),
    get streams() {
      return streams.size;
    },
  };
}
