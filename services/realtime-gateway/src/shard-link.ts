// One link to one shard, shared by every player of this gateway whose match runs there.
import { createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type LinkEnded,
  type LinkJoined,
  LinkRequestSchema,
  type LinkResponse,
  LinkResponseSchema,
} from "@muster/contracts/realtime/link/v1";
import type { Logger } from "@muster/log";
import { INPUT_REFUSALS, LINK_VERSION, LinkFrameType, LinkReader, LinkWriter } from "@muster/realtime";
import { Fanout, type FanoutMetrics, type Follower } from "./fanout.ts";

/** A player on a link, as the link sees it. */
export interface Player extends Follower {
  onJoined(joined: LinkJoined): void;
  onJoinRefused(code: string): void;
  onInputRefused(code: (typeof INPUT_REFUSALS)[number]): void;
  onSeatStatus(status: { seat: number; connected: boolean; graceMs: number }): void;
  onEnded(ended: LinkEnded): void;
  onCancelled(reason: string): void;
  onReplaced(): void;
  /** The link broke: the match may still run. */
  onLinkLost(): void;
}

export interface ShardLinkOptions {
  /** host:port */
  readonly address: string;
  readonly gatewayId: string;
  readonly linkKey: Buffer;
  readonly metrics: FanoutMetrics;
  readonly log: Logger;
  /** Called once, when the link is gone. */
  readonly onClosed: () => void;
}

const CONNECT_WITHIN_MS = 2000;
const BEAT_EVERY_MS = 2000;
/** A shard that answers no beat for this long is taken for dead, though its socket is open. */
const SILENT_MS_MAX = 8000;
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

export class ShardLink {
  readonly #options: ShardLinkOptions;
  readonly #socket: Socket;
  readonly #writer: LinkWriter;
  readonly #reader: LinkReader;
  readonly #players = new Map<number, Player>();
  readonly #channels = new Map<number, Fanout>();
  readonly #channelOf = new Map<number, number>();
  readonly #beatTimer: NodeJS.Timeout;
  #nextSession = 1;
  #heardAt = performance.now();
  #closed = false;

  constructor(options: ShardLinkOptions) {
    this.#options = options;
    const [host, port] = splitAddress(options.address);
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setTimeout(
      CONNECT_WITHIN_MS,
      () => this.#socket.connecting && this.#socket.destroy(new Error("connecting took too long")),
    );
    this.#writer = new LinkWriter((chunk) => this.#send(chunk), setImmediate);
    this.#reader = new LinkReader((type, body) => this.#onFrame(type, body));
    this.#socket.on("data", (chunk) => this.#onData(chunk));
    this.#socket.on("error", (err) => options.log.warn({ err, address: options.address }, "link error"));
    this.#socket.on("close", () => this.#onClose());
    this.#beatTimer = setInterval(() => this.#beat(), BEAT_EVERY_MS);
    const proof = createHmac("sha256", options.linkKey).update(options.gatewayId).digest();
    this.#control({
      message: { case: "hello", value: { gatewayId: options.gatewayId, version: LINK_VERSION, proof } },
    });
  }

  /** @returns the session, for input and leave. The answer comes to the player. */
  join(player: Player, seatTicket: string, traceparent: string): number {
    const session = this.#nextSession;
    this.#nextSession = (session % 0xffff_ffff) + 1;
    this.#players.set(session, player);
    this.#control({ message: { case: "join", value: { session, seatTicket, traceparent } } });
    return session;
  }

  /** `frame` is the client's, type byte first. */
  input(session: number, frame: Uint8Array): void {
    this.#writer.numbered(LinkFrameType.input, session, frame, 1);
  }

  leave(session: number, forfeit: boolean): void {
    if (!this.#players.has(session)) return;
    this.#forget(session);
    this.#control({ message: { case: "leave", value: { session, forfeit } } });
  }

  /** A follower's socket has drained. */
  catchUp(session: number): void {
    const player = this.#players.get(session);
    const channel = this.#channelOf.get(session);
    if (player && channel !== undefined) this.#channels.get(channel)?.catchUp(player);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #forget(session: number): void {
    const player = this.#players.get(session);
    const channel = this.#channelOf.get(session);
    this.#players.delete(session);
    this.#channelOf.delete(session);
    const fanout = channel === undefined ? undefined : this.#channels.get(channel);
    if (!fanout || !player || channel === undefined) return;
    fanout.remove(player);
    if (fanout.empty) this.#channels.delete(channel);
  }

  #onFrame(type: number, body: Uint8Array): void {
    this.#heardAt = performance.now();
    switch (type) {
      case LinkFrameType.delta:
        return this.#channels.get(numberOf(body))?.onDelta(body.subarray(4));
      case LinkFrameType.keyframe:
        return this.#channels.get(numberOf(body))?.onKeyframe(body.subarray(4));
      case LinkFrameType.inputRefused: {
        const code = INPUT_REFUSALS[body[4] ?? -1];
        if (code) this.#players.get(numberOf(body))?.onInputRefused(code);
        return;
      }
      case LinkFrameType.control:
        return this.#onControl(fromBinary(LinkResponseSchema, body));
      default: // a beat, or a type of a later version
    }
  }

  #onControl({ message }: LinkResponse): void {
    switch (message.case) {
      case "joined":
        return this.#onJoined(message.value);
      case "refused": {
        const player = this.#players.get(message.value.session);
        this.#forget(message.value.session);
        return player?.onJoinRefused(message.value.code);
      }
      case "replaced": {
        const player = this.#players.get(message.value.session);
        this.#forget(message.value.session);
        return player?.onReplaced();
      }
      case "seatStatus": {
        for (const player of this.#playersOf(message.value.channel)) player.onSeatStatus(message.value);
        return;
      }
      case "ended":
        return this.#endChannel(message.value.channel, (player) => player.onEnded(message.value as LinkEnded));
      case "cancelled": {
        const { reason } = message.value;
        return this.#endChannel(message.value.channel, (player) => player.onCancelled(reason));
      }
      case "welcome":
      case undefined:
        return;
    }
  }

  #onJoined(joined: LinkJoined): void {
    const player = this.#players.get(joined.session);
    if (!player) return; // it left in the meantime; the leave is on its way
    let fanout = this.#channels.get(joined.channel);
    if (!fanout) {
      fanout = new Fanout(this.#options.metrics);
      this.#channels.set(joined.channel, fanout);
    }
    this.#channelOf.set(joined.session, joined.channel);
    player.onJoined(joined);
    fanout.add(player); // its keyframe is the next frame on the link
  }

  #endChannel(channel: number, tell: (player: Player) => void): void {
    for (const [session, player] of this.#players) {
      if (this.#channelOf.get(session) !== channel) continue;
      this.leave(session, false);
      tell(player);
    }
  }

  #playersOf(channel: number): Player[] {
    return [...(this.#channels.get(channel)?.followers ?? [])] as Player[];
  }

  #control(message: MessageInitShape<typeof LinkRequestSchema>): void {
    this.#writer.plain(LinkFrameType.control, toBinary(LinkRequestSchema, create(LinkRequestSchema, message)));
  }

  #send(chunk: Uint8Array): void {
    if (this.#closed || this.#socket.destroyed) return;
    this.#socket.write(chunk);
    if (this.#socket.writableLength > UNSENT_BYTES_MAX)
      this.#socket.destroy(new Error("the shard does not read its link"));
  }

  #onData(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (err) {
      this.#socket.destroy(err instanceof Error ? err : new Error(String(err)));
    }
  }

  #beat(): void {
    if (performance.now() - this.#heardAt > SILENT_MS_MAX) this.#socket.destroy(new Error("the shard is silent"));
    else this.#writer.plain(LinkFrameType.beat, EMPTY);
  }

  #onClose(): void {
    this.#closed = true;
    clearInterval(this.#beatTimer);
    const players = [...this.#players.values()];
    this.#players.clear();
    this.#channels.clear();
    this.#channelOf.clear();
    this.#options.onClosed();
    for (const player of players) player.onLinkLost();
  }
}

function numberOf(body: Uint8Array): number {
  return (
    ((body[0] as number) | ((body[1] as number) << 8) | ((body[2] as number) << 16) | ((body[3] as number) << 24)) >>> 0
  );
}

export function splitAddress(address: string): [string, number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1))];
}
