// On the hot path, for every input, and once per chunk of ticks: design/realtime/performance.md.
//
// One link to one shard, shared by all matches of this gateway on that shard.
import { createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type LinkCancelled,
  type LinkEnded,
  type LinkFollow,
  type LinkHandoverSchema,
  type LinkJoined,
  LinkRequestSchema,
  type LinkResponse,
  LinkResponseSchema,
  type LinkSeatStatus,
  type LinkWatching,
  type LinkWatchRefused,
} from "@muster/contracts/realtime/link/v1";
import type { Logger } from "@muster/log";
import type { Dependency } from "@muster/resilience";
import {
  INPUT_REFUSALS,
  type InputRefusalCode,
  LINK_VERSION,
  LINK_VIEW_HEADER_BYTES,
  LinkFrameType,
  LinkReader,
  LinkWriter,
  u32,
} from "@muster/realtime";
import { DEAD_AFTER_MS, Heartbeat, HEARTBEAT_EVERY_MS } from "./heartbeat.ts";
import type { FollowedMatch } from "../matches/followed-match.ts";

/** A player's seat on a link. */
export interface LinkSession {
  onSeatStatus(status: LinkSeatStatus): void;
  onJoined(joined: LinkJoined): void;
  onRefused(code: string): void;
  onInputRefused(code: InputRefusalCode): void;
  onReplaced(): void;
}

/** Receives the events of links; implemented by the match registry. */
export interface LinkEvents {
  /** @returns the match, or undefined if this shard no longer holds it. */
  onFollow(link: ShardLink, follow: LinkFollow): FollowedMatch | undefined;
  onSeatStatus(match: FollowedMatch, status: LinkSeatStatus): void;
  onWatching(link: ShardLink, watching: LinkWatching): void;
  onWatchRefused(link: ShardLink, refused: LinkWatchRefused): void;
  onEnded(match: FollowedMatch, ended: LinkEnded): void;
  onCancelled(match: FollowedMatch, cancelled: LinkCancelled): void;
  onStored(match: FollowedMatch): void;
  onMoving(match: FollowedMatch): void;
  onSuspected(link: ShardLink): void;
  onHeardAgain(link: ShardLink): void;
  /** Called once, when the link is gone. */
  onClosed(link: ShardLink): void;
}

export interface ShardLinkOptions {
  /** host:port */
  readonly address: string;
  readonly gatewayId: string;
  readonly dependency: Dependency;
  readonly linkKey: Buffer;
  /** A shard that answers no heartbeat for this long is suspected: another one is found for its matches. */
  readonly suspectAfterMs: number;
  readonly events: LinkEvents;
  readonly log: Logger;
  /** The shard knows this gateway: matches may be placed there. */
  readonly onWelcome: () => void;
  /** Called once, before anyone else hears of it. */
  readonly onClosed: () => void;
}

/** Longer than a link lives without an answer. */
const SESSION_REST_MS = DEAD_AFTER_MS + 2000;
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const EMPTY = new Uint8Array(0);

export class ShardLink {
  readonly address: string;
  welcomed = false;
  readonly #options: ShardLinkOptions;
  readonly #socket: Socket;
  readonly #read: Uint8Array;
  readonly #writer: LinkWriter;
  readonly #reader: LinkReader;
  /** By session; freed numbers are used again, so that the shard can look them up in an array. */
  readonly #sessions = new Map<number, LinkSession>();
  readonly #freed: { readonly session: number; readonly at: number }[] = [];
  readonly #channels = new Map<number, FollowedMatch>();
  readonly #heartbeat: Heartbeat;
  readonly #heartbeatTimer: NodeJS.Timeout;
  #nextSession = 1;
  #connected = false;
  #closed = false;

  constructor(options: ShardLinkOptions) {
    this.#options = options;
    this.address = options.address;
    const [host, port] = splitAddress(options.address);
    // One buffer for everything that is read: the reader copies what it keeps.
    const onread = { buffer: new Uint8Array(READ_BYTES), callback: (length: number) => this.#onRead(length) };
    this.#read = onread.buffer;
    this.#socket = connect({ host, port, noDelay: true, onread });
    this.#socket.setTimeout(
      options.dependency.connectMs,
      () => this.#socket.connecting && this.#socket.destroy(new Error("connecting took too long")),
    );
    this.#writer = new LinkWriter((chunk) => this.#send(chunk), setImmediate);
    this.#reader = new LinkReader((type, bytes, from, to) => this.#onFrame(type, bytes, from, to));
    this.#socket.on("error", (err) => options.log.warn({ err, address: options.address }, "link error"));
    this.#socket.on("connect", () => (this.#connected = true));
    this.#socket.on("close", () => this.#onClose());
    this.#heartbeat = new Heartbeat(options.suspectAfterMs);
    this.#heartbeatTimer = setInterval(() => this.#onHeartbeatDue(), HEARTBEAT_EVERY_MS);
    const proof = createHmac("sha256", options.linkKey).update(options.gatewayId).digest();
    this.#control({
      message: { case: "hello", value: { gatewayId: options.gatewayId, version: LINK_VERSION, proof } },
    });
  }

  /** It is open, and the shard answers no heartbeats. */
  get suspected(): boolean {
    return this.#heartbeat.suspected;
  }

  /** @returns the session, for input and leave. The answer comes to the listener. */
  join(
    listener: LinkSession,
    claim: { readonly seatTicket: string; readonly traceparent: string; readonly lastMatchSeq: number },
  ): number {
    const session = this.#newSession();
    this.#sessions.set(session, listener);
    this.#control({ message: { case: "join", value: { session, ...claim } } });
    return session;
  }

  /** The answer comes to the events. */
  watch(matchId: string): void {
    this.#control({ message: { case: "watch", value: { matchId } } });
  }

  unwatch(matchId: string): void {
    this.#control({ message: { case: "unwatch", value: { matchId } } });
  }

  /** The client's frame is `bytes` from `from` to `to`, type byte first. */
  input(session: number, bytes: Uint8Array, from: number, to: number): void {
    this.#writer.numbered(LinkFrameType.input, session, bytes, from + 1, to);
  }

  leave(session: number, forfeit: boolean): void {
    if (!this.#sessions.delete(session)) return;
    this.#freed.push({ session, at: performance.now() });
    this.#control({ message: { case: "leave", value: { session, forfeit } } });
  }

  transferLog(handover: MessageInitShape<typeof LinkHandoverSchema>): void {
    this.#control({ message: { case: "handover", value: handover as never } });
  }

  /** No frame of this match is taken from here any more. */
  unbind(match: FollowedMatch): void {
    if (this.#channels.get(match.channel) === match) this.#channels.delete(match.channel);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onFrame(type: number, bytes: Uint8Array, from: number, to: number): void {
    switch (type) {
      case LinkFrameType.tick:
        return this.#channels.get(u32(bytes, from))?.onTick(bytes, from, to);
      case LinkFrameType.viewDelta:
        return this.#channels
          .get(u32(bytes, from))
          ?.onViewDelta(bytes[from + 4] as number, bytes.subarray(from + LINK_VIEW_HEADER_BYTES, to));
      case LinkFrameType.keyframe:
        return this.#channels
          .get(u32(bytes, from))
          ?.onKeyframe(bytes[from + 4] as number, bytes.subarray(from + LINK_VIEW_HEADER_BYTES, to));
      case LinkFrameType.inputRefused: {
        const code = INPUT_REFUSALS[bytes[from + 4] ?? -1];
        if (code) this.#sessions.get(u32(bytes, from))?.onInputRefused(code);
        return;
      }
      case LinkFrameType.control:
        return this.#onControl(fromBinary(LinkResponseSchema, bytes.subarray(from, to)));
      default: // a heartbeat, or a type of a later version
    }
  }

  #onControl({ message }: LinkResponse): void {
    const { events } = this.#options;
    switch (message.case) {
      case "joined":
        return this.#sessions.get(message.value.session)?.onJoined(message.value);
      case "refused":
        return this.#take(message.value.session)?.onRefused(message.value.code);
      case "replaced":
        return this.#take(message.value.session)?.onReplaced();
      case "follow": {
        const match = events.onFollow(this, message.value);
        if (match) this.#channels.set(message.value.channel, match);
        return;
      }
      case "holders": {
        const match = this.#channels.get(message.value.channel);
        if (match) match.replicas = message.value.gatewayIds;
        return;
      }
      case "seatStatus": {
        const { session } = message.value;
        if (session !== 0) return this.#sessions.get(session)?.onSeatStatus(message.value);
        return this.#onMatch(message.value, (match, status) => events.onSeatStatus(match, status));
      }
      case "watching":
        return events.onWatching(this, message.value);
      case "watchRefused":
        return events.onWatchRefused(this, message.value);
      case "ended":
        return this.#onMatch(message.value, (match, ended) => events.onEnded(match, ended));
      case "cancelled":
        return this.#onMatch(message.value, (match, cancelled) => events.onCancelled(match, cancelled));
      case "moving":
        return this.#onMatch(message.value, (match) => events.onMoving(match));
      case "stored":
        return this.#onMatch(message.value, (match) => events.onStored(match));
      case "welcome":
        this.welcomed = true;
        return this.#options.onWelcome();
      case undefined:
        return;
    }
  }

  /** Nothing for a match that left in the meantime, or that another shard holds. */
  #onMatch<T extends { readonly channel: number }>(value: T, then: (match: FollowedMatch, value: T) => void): void {
    const match = this.#channels.get(value.channel);
    if (match) then(match, value);
  }

  /** A number is used again when the shard can say nothing any more that was meant for who had it before. */
  #newSession(): number {
    const oldest = this.#freed[0];
    if (!oldest || performance.now() - oldest.at < SESSION_REST_MS) return this.#nextSession++;
    this.#freed.shift();
    return oldest.session;
  }

  #take(session: number): LinkSession | undefined {
    const listener = this.#sessions.get(session);
    if (this.#sessions.delete(session)) this.#freed.push({ session, at: performance.now() });
    return listener;
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

  #onRead(length: number): boolean {
    if (this.#heartbeat.onHeard()) {
      this.#options.log.warn({ address: this.address }, "the shard answers again");
      this.#options.events.onHeardAgain(this);
    }
    try {
      this.#reader.push(this.#read.subarray(0, length));
    } catch (err) {
      this.#socket.destroy(err instanceof Error ? err : new Error(String(err)));
    }
    return true;
  }

  #onHeartbeatDue(): void {
    const due = this.#heartbeat.next(this.#socket.connecting);
    if (due === "none") return;
    this.#writer.plain(LinkFrameType.heartbeat, EMPTY);
    if (due === "dead") this.#socket.destroy(new Error("the shard answers no heartbeats"));
    if (due !== "suspected") return;
    this.#options.log.warn(
      { address: this.address },
      "the shard is suspected; asking the matchmaker where its matches run",
    );
    this.#options.events.onSuspected(this);
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeatTimer);
    // A key that the shard does not have, or another version of the protocol: the shard's own log says which.
    if (this.#connected && !this.welcomed)
      this.#options.log.error({ address: this.address }, "the shard refuses this gateway's link");
    this.#sessions.clear();
    this.#channels.clear();
    this.#options.onClosed();
    this.#options.events.onClosed(this);
  }
}

export function splitAddress(address: string): [string, number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1))];
}
