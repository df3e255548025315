// On the hot path, once per tick: design/realtime/performance.md.
//
// The links that receive a match's ticks: those to the gateways of its players and spectators. If that is only one gateway, a
// second one is added as a log replica, so that the input log is never in only one other process.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinkResponseSchema } from "@muster/contracts/realtime/link/v1";
import { PUBLIC_VIEW } from "@muster/realtime";
import type { InputRefusal } from "./input-rings.ts";
import type { Pace } from "./snapshot-pace.ts";
import type { Views } from "./views.ts";

export type ToGateway = MessageInitShape<typeof LinkResponseSchema>;

/** One link to one gateway, as a match sees it. */
export interface Link {
  readonly gatewayId: string;
  control(message: ToGateway): void;
  /** The rules did not take an input of this player. */
  refuse(session: number, code: InputRefusal): void;
  /** Another socket has the seat now. Inputs that still arrive from this one are ignored: the client sends them again on the new one. */
  unseat(session: number): void;
  keyframe(channel: number, view: number, frame: Uint8Array): void;
  /** `delta` is of the public view; empty for a gateway that does not show it, and behind a last record after which there is nothing to show. */
  tick(channel: number, tick: number, checksum: number, record: Uint8Array, delta: Uint8Array): void;
  /** Of a seat's own view, behind the tick that it belongs to. */
  viewDelta(channel: number, view: number, delta: Uint8Array): void;
}

/** A player's socket, as a match sees it. */
export interface LinkSession {
  readonly link: Link;
  /** Chosen by the gateway. */
  readonly id: number;
}

/** A link, and what it carries of the match. A log replica gets the records and no snapshots. */
export interface Subscriber {
  readonly link: Link;
  players: number;
  watching: boolean;
  /** Views of its own players; undefined where all see the same. */
  views: number[] | undefined;
}

const NO_DELTA = new Uint8Array(0);
const EVERY_TICK: Pace = { ticksPerSnapshot: 1 };

/** The links of a match, each once, however many of its players it carries. */
export class Subscribers {
  readonly #views: Views;
  readonly #subscribers: Subscriber[] = [];
  readonly #keyframeEveryTicks: number;
  readonly #pace: Pace;
  /** The last tick was not shown: what is shown next is a keyframe, since a delta leads from one tick to the next. */
  #unshown = false;

  /** `clocked`: a game without a clock shows every step, and so does one of which each player has a view of its own. */
  constructor(views: Views, shows: { keyframeEveryTicks: number; clocked: boolean; pace: Pace }) {
    this.#views = views;
    this.#keyframeEveryTicks = shows.keyframeEveryTicks;
    this.#pace = shows.clocked && views.shared ? shows.pace : EVERY_TICK;
  }

  get all(): readonly Subscriber[] {
    return this.#subscribers;
  }

  /** Gateways that have the log. */
  get replicas(): string[] {
    return this.#subscribers.map(({ link }) => link.gatewayId);
  }

  has(link: Link): boolean {
    return this.#find(link) !== undefined;
  }

  /** @returns true when the link is new to the match: it needs the log so far. */
  add(link: Link, view: number): boolean {
    const before = this.has(link);
    const subscriber = this.#findOrAdd(link);
    subscriber.players++;
    if (view !== PUBLIC_VIEW) (subscriber.views ??= []).push(view);
    return !before;
  }

  /** @returns true when the link carries nothing any more. */
  remove(link: Link, view: number): boolean {
    const subscriber = this.#find(link);
    if (!subscriber) return true;
    subscriber.players--;
    const at = subscriber.views?.indexOf(view) ?? -1;
    if (at >= 0) subscriber.views?.splice(at, 1);
    return this.#dropIdle(subscriber);
  }

  /** @returns true when the link is new to the match. */
  watch(link: Link): boolean {
    const before = this.has(link);
    this.#findOrAdd(link).watching = true;
    return !before;
  }

  /** @returns true when the link carries nothing any more. */
  unwatch(link: Link): boolean {
    const subscriber = this.#find(link);
    if (!subscriber) return true;
    subscriber.watching = false;
    return this.#dropIdle(subscriber);
  }

  /** A closed link carries nothing. */
  drop(link: Link): void {
    const at = this.#subscribers.findIndex((subscriber) => subscriber.link === link);
    if (at >= 0) this.#subscribers.splice(at, 1);
  }

  /** True when another gateway would make the log safer. */
  get wantsReplica(): boolean {
    return this.#subscribers.length < 2;
  }

  addReplica(link: Link): void {
    this.#findOrAdd(link);
  }

  /** The hot path: once per tick. */
  tick(channel: number, tick: number, checksum: number, record: Uint8Array): void {
    if (this.#unshown || this.#pace.ticksPerSnapshot > 1) return this.#tickAtPace(channel, tick, checksum, record);
    this.#showDelta(channel, tick, checksum, record);
    if (tick % this.#keyframeEveryTicks === 0) this.keyframes(channel);
  }

  /** A record without the state that it leads to. */
  record(channel: number, tick: number, checksum: number, record: Uint8Array): void {
    for (const { link } of this.#subscribers) link.tick(channel, tick, checksum, record, NO_DELTA);
  }

  #tickAtPace(channel: number, tick: number, checksum: number, record: Uint8Array): void {
    const { ticksPerSnapshot } = this.#pace;
    this.record(channel, tick, checksum, record);
    this.#unshown = true;
    // Not all matches at the same tick: each interval has its share of them.
    if ((tick + channel) % ticksPerSnapshot !== 0) return;
    this.keyframes(channel);
    this.#unshown = ticksPerSnapshot > 1;
  }

  #showDelta(channel: number, tick: number, checksum: number, record: Uint8Array): void {
    const views = this.#views;
    const subscribers = this.#subscribers;
    let delta: Uint8Array | undefined;
    for (let i = 0; i < subscribers.length; i++) {
      const subscriber = subscribers[i] as Subscriber;
      if (!showsPublic(subscriber, views)) {
        subscriber.link.tick(channel, tick, checksum, record, NO_DELTA);
      } else {
        delta ??= views.delta(PUBLIC_VIEW);
        subscriber.link.tick(channel, tick, checksum, record, delta);
      }
      if (subscriber.views)
        for (const view of subscriber.views) subscriber.link.viewDelta(channel, view, views.delta(view));
    }
  }

  /** For the gateways' caches, and for everybody where the tick was not shown. */
  keyframes(channel: number): void {
    for (const subscriber of this.#subscribers) {
      if (showsPublic(subscriber, this.#views))
        subscriber.link.keyframe(channel, PUBLIC_VIEW, this.#views.keyframe(PUBLIC_VIEW));
      for (const view of subscriber.views ?? []) subscriber.link.keyframe(channel, view, this.#views.keyframe(view));
    }
  }

  /** To the gateways that carry players or spectators. */
  control(message: ToGateway): void {
    for (const subscriber of this.#subscribers) if (!isReplica(subscriber)) subscriber.link.control(message);
  }

  /** To the log replica too: what concerns the log. */
  controlAll(message: ToGateway): void {
    for (const { link } of this.#subscribers) link.control(message);
  }

  #find(link: Link): Subscriber | undefined {
    return this.#subscribers.find((subscriber) => subscriber.link === link);
  }

  #findOrAdd(link: Link): Subscriber {
    const found = this.#find(link);
    if (found) return found;
    const subscriber: Subscriber = { link, players: 0, watching: false, views: undefined };
    this.#subscribers.push(subscriber);
    return subscriber;
  }

  #dropIdle(subscriber: Subscriber): boolean {
    if (!isReplica(subscriber)) return false;
    this.drop(subscriber.link);
    return true;
  }
}

function isReplica({ players, watching }: Subscriber): boolean {
  return players === 0 && !watching;
}

function showsPublic(subscriber: Subscriber, views: Views): boolean {
  return subscriber.watching || (views.shared && subscriber.players > 0);
}
