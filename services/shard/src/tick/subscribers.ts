// Who gets a match's ticks: the gateway links that carry its players or spectators, and where that is one only, a second
// gateway as a witness, so that the input log never lives in one other process alone.
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
  /** Another socket has its seat. Nothing counts that comes from it now: it is sent again there. */
  unseat(session: number): void;
  keyframe(channel: number, view: number, frame: Uint8Array): void;
  /** `delta` is of the public view; empty for who does not show it, and for a last record after which there is nothing to show. */
  tick(channel: number, tick: number, check: number, record: Uint8Array, delta: Uint8Array): void;
  /** Of a seat's own view, behind the tick that it belongs to. */
  viewDelta(channel: number, view: number, delta: Uint8Array): void;
}

/** A player's socket, as a match sees it. */
export interface Session {
  readonly link: Link;
  /** Chosen by the gateway. */
  readonly id: number;
}

/** A link, and what it carries of the match. A witness carries nothing but the log. */
interface Member {
  readonly link: Link;
  players: number;
  watching: boolean;
  /** Views of its own players; undefined where all see the same. */
  views: number[] | undefined;
}

const NO_DELTA = new Uint8Array(0);
const EVERY_TICK: Pace = { ticksPerSnapshot: 1 };

/** The links of a match, each once, however many of its players it carries. */
export class Audience {
  readonly #views: Views;
  readonly #members: Member[] = [];
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

  /** Gateways that hold the log. */
  get holders(): string[] {
    return this.#members.map(({ link }) => link.gatewayId);
  }

  has(link: Link): boolean {
    return this.#find(link) !== undefined;
  }

  /** @returns true when the link is new to the match: it needs the log so far. */
  add(link: Link, view: number): boolean {
    const before = this.has(link);
    const member = this.#findOrAdd(link);
    member.players++;
    if (view !== PUBLIC_VIEW) (member.views ??= []).push(view);
    return !before;
  }

  /** @returns true when the link carries nothing any more. */
  remove(link: Link, view: number): boolean {
    const member = this.#find(link);
    if (!member) return true;
    member.players--;
    const at = member.views?.indexOf(view) ?? -1;
    if (at >= 0) member.views?.splice(at, 1);
    return this.#dropIdle(member);
  }

  /** @returns true when the link is new to the match. */
  watch(link: Link): boolean {
    const before = this.has(link);
    this.#findOrAdd(link).watching = true;
    return !before;
  }

  /** @returns true when the link carries nothing any more. */
  unwatch(link: Link): boolean {
    const member = this.#find(link);
    if (!member) return true;
    member.watching = false;
    return this.#dropIdle(member);
  }

  /** A closed link carries nothing. */
  drop(link: Link): void {
    const at = this.#members.findIndex((member) => member.link === link);
    if (at >= 0) this.#members.splice(at, 1);
  }

  /** True when another gateway would make the log safer. */
  get wantsWitness(): boolean {
    return this.#members.length < 2;
  }

  witness(link: Link): void {
    this.#findOrAdd(link);
  }

  /** See game-kit's prefetch.ts. */
  prefetch(depth: number): number {
    const members = this.#members;
    if (depth < 2) return depth === 0 ? Number(members !== undefined) : members.length;
    return depth === 2 ? (members[0]?.players ?? 0) : 0;
  }

  /** The hot path: once per tick. */
  tick(channel: number, tick: number, check: number, record: Uint8Array): void {
    if (this.#unshown || this.#pace.ticksPerSnapshot > 1) return this.#tickAtPace(channel, tick, check, record);
    this.#showDelta(channel, tick, check, record);
    if (tick % this.#keyframeEveryTicks === 0) this.keyframes(channel);
  }

  /** A record without the state that it leads to. */
  record(channel: number, tick: number, check: number, record: Uint8Array): void {
    for (const { link } of this.#members) link.tick(channel, tick, check, record, NO_DELTA);
  }

  #tickAtPace(channel: number, tick: number, check: number, record: Uint8Array): void {
    const { ticksPerSnapshot } = this.#pace;
    this.record(channel, tick, check, record);
    this.#unshown = true;
    // Not all matches at the same tick: each interval has its share of them.
    if ((tick + channel) % ticksPerSnapshot !== 0) return;
    this.keyframes(channel);
    this.#unshown = ticksPerSnapshot > 1;
  }

  #showDelta(channel: number, tick: number, check: number, record: Uint8Array): void {
    const views = this.#views;
    const members = this.#members;
    let delta: Uint8Array | undefined;
    for (let i = 0; i < members.length; i++) {
      const member = members[i] as Member;
      if (!showsPublic(member, views)) {
        member.link.tick(channel, tick, check, record, NO_DELTA);
      } else {
        delta ??= views.delta(PUBLIC_VIEW);
        member.link.tick(channel, tick, check, record, delta);
      }
      if (member.views) for (const view of member.views) member.link.viewDelta(channel, view, views.delta(view));
    }
  }

  /** For the gateways' caches, and for everybody where the tick was not shown. */
  keyframes(channel: number): void {
    for (const member of this.#members) {
      if (showsPublic(member, this.#views))
        member.link.keyframe(channel, PUBLIC_VIEW, this.#views.keyframe(PUBLIC_VIEW));
      for (const view of member.views ?? []) member.link.keyframe(channel, view, this.#views.keyframe(view));
    }
  }

  /** To the gateways that carry players or spectators. */
  control(message: ToGateway): void {
    for (const member of this.#members) if (!isWitness(member)) member.link.control(message);
  }

  /** To the witness too: what concerns the log. */
  controlAll(message: ToGateway): void {
    for (const { link } of this.#members) link.control(message);
  }

  #find(link: Link): Member | undefined {
    return this.#members.find((member) => member.link === link);
  }

  #findOrAdd(link: Link): Member {
    const found = this.#find(link);
    if (found) return found;
    const member: Member = { link, players: 0, watching: false, views: undefined };
    this.#members.push(member);
    return member;
  }

  #dropIdle(member: Member): boolean {
    if (!isWitness(member)) return false;
    this.drop(member.link);
    return true;
  }
}

function isWitness({ players, watching }: Member): boolean {
  return players === 0 && !watching;
}

function showsPublic(member: Member, views: Views): boolean {
  return member.watching || (views.shared && member.players > 0);
}
