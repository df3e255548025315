// Players' seats in matches, wherever those run: taken, kept while a match moves from one shard to another, given up.
// design/realtime/survival.md has the protocol; this is the gateways' part of it.
import type { LinkEnded, LinkFollow, LinkJoined } from "@muster/contracts/realtime/link/v1";
import type { RelocatedMatch } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import type { INPUT_REFUSALS } from "@muster/realtime";
import type { FanoutMetrics, Follower } from "./fanout.ts";
import { FollowedMatch } from "./followed-match.ts";
import type { LinkEvents, LinkSession, ShardLink } from "./shard-link.ts";

/** How a match ended. */
export interface Ending {
  readonly reason: string;
  /** By seat. */
  readonly seats: readonly { readonly score: number; readonly rank: number }[];
  readonly ticks: number;
  readonly stateHash: string;
}

/** A player's socket, as its seat sees it. */
export interface Player extends Follower {
  onJoined(joined: LinkJoined): void;
  onJoinRefused(code: string): void;
  onInputRefused(code: (typeof INPUT_REFUSALS)[number]): void;
  onSeatStatus(status: { seat: number; connected: boolean; graceMs: number }): void;
  onEnded(ended: Ending): void;
  onCancelled(reason: string): void;
  onReplaced(): void;
}

/** What the gateway asks the matchmaker. */
export interface RelocateRequest {
  readonly matchId: string;
  readonly epoch: number;
  readonly ticks: number;
  /** The shard is lost; otherwise the question is only where the match is. */
  readonly lost: boolean;
}

export interface SeatsMetrics extends FanoutMetrics {
  /** A seat is in play again after its match moved, this long after its shard was lost. */
  moved(ms: number): void;
  /** A match that could not be moved. */
  lost(): void;
}

export interface SeatsOptions {
  readonly linkTo: (address: string) => ShardLink;
  readonly ask: (requests: readonly RelocateRequest[]) => void;
  readonly metrics: SeatsMetrics;
  readonly log: Logger;
}

interface Asked extends RelocateRequest {
  readonly since: number;
  /** The link that is silent but open: when it speaks again, the question is taken back. */
  readonly suspect: ShardLink | undefined;
  timer: NodeJS.Timeout;
}

const ASK_AGAIN_MS = 1000;
/** Without an answer for so long the match is given up. */
const ASK_WITHIN_MS = 12_000;
/** A log that was handed over and is not wanted back: kept in case its new shard dies before it has stored anything. */
const KEEP_HANDED_OVER_MS = 10_000;
/** A refused seat is looked for elsewhere at most so often. */
const LOOKS_MAX = 3;

/** A seat that a player has, or is on the way to. */
export class Seat implements LinkSession {
  readonly player: Player;
  readonly matchId: string;
  readonly ticket: string;
  readonly traceparent: string;
  link: ShardLink;
  session = 0;
  /** Inputs may go. */
  joined = false;
  looks = 0;
  /** When the shard was lost, on the clock of performance.now(). */
  lostAt: number | undefined;
  readonly #seats: Seats;

  constructor(
    seats: Seats,
    player: Player,
    place: { matchId: string; ticket: string; traceparent: string; link: ShardLink },
  ) {
    this.#seats = seats;
    this.player = player;
    this.matchId = place.matchId;
    this.ticket = place.ticket;
    this.traceparent = place.traceparent;
    this.link = place.link;
  }

  onJoined(joined: LinkJoined): void {
    this.#seats.joined(this, joined);
  }

  onRefused(code: string): void {
    this.#seats.refused(this, code);
  }

  onReplaced(): void {
    this.#seats.forget(this);
    this.player.onReplaced();
  }

  onInputRefused(code: (typeof INPUT_REFUSALS)[number]): void {
    this.player.onInputRefused(code);
  }
}

export class Seats implements LinkEvents {
  readonly #options: SeatsOptions;
  readonly #matches = new Map<string, FollowedMatch>();
  readonly #seats = new Map<string, Set<Seat>>();
  /** The epoch of a match that this gateway does not follow: from its seat ticket. */
  readonly #epochs = new Map<string, number>();
  readonly #asked = new Map<string, Asked>();
  /** Asked for in this turn. */
  #asking: RelocateRequest[] = [];

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  /** Matches whose log is here. */
  get followed(): number {
    return this.#matches.size;
  }

  get asked(): number {
    return this.#asked.size;
  }

  take(
    player: Player,
    claims: { readonly matchId: string; readonly epoch: number; readonly shardAddress: string },
    ticket: string,
    traceparent: string,
  ): Seat {
    const { matchId, epoch } = claims;
    const followed = this.#matches.get(matchId);
    const link = followed?.link ?? this.#options.linkTo(claims.shardAddress);
    const seat = new Seat(this, player, { matchId, ticket, traceparent, link });
    const all = this.#seats.get(matchId) ?? new Set();
    this.#seats.set(matchId, all.add(seat));
    this.#epochs.set(matchId, Math.max(epoch, this.#epochs.get(matchId) ?? 0));
    if (!this.#asked.has(matchId)) seat.session = link.join(seat, ticket, traceparent);
    return seat;
  }

  leave(seat: Seat, forfeit: boolean): void {
    seat.link.leave(seat.session, forfeit);
    this.forget(seat);
  }

  /** Its socket has drained. */
  catchUp(seat: Seat): void {
    if (seat.joined) this.#matches.get(seat.matchId)?.fanout.catchUp(seat.player);
  }

  stop(): void {
    for (const { timer } of this.#asked.values()) clearTimeout(timer);
    this.#asked.clear();
  }

  // ── from seats ───────────────────────────────────────────────────────────────────────────────────────────────────

  joined(seat: Seat, joined: LinkJoined): void {
    seat.joined = true;
    seat.looks = 0;
    if (seat.lostAt !== undefined) this.#options.metrics.moved(performance.now() - seat.lostAt);
    seat.lostAt = undefined;
    seat.player.onJoined(joined);
    this.#matches.get(seat.matchId)?.fanout.add(seat.player); // its keyframe is the next frame on the link
  }

  refused(seat: Seat, code: string): void {
    const elsewhere = code === "match_not_found" || code === "stale_epoch" || code === "match_over";
    if (!elsewhere || seat.looks++ >= LOOKS_MAX) {
      this.forget(seat);
      return seat.player.onJoinRefused(code);
    }
    this.#ask(seat.matchId, false, undefined);
  }

  forget(seat: Seat): void {
    const all = this.#seats.get(seat.matchId);
    if (!all?.delete(seat)) return;
    const match = this.#matches.get(seat.matchId);
    match?.fanout.remove(seat.player);
    if (all.size > 0) return;
    this.#seats.delete(seat.matchId);
    this.#epochs.delete(seat.matchId);
    // An ended match's log stays until its result is stored; a running one's is the other gateways', or ours again as
    // the shard's witness.
    if (match && !match.over) this.#drop(match);
  }

  // ── from links ───────────────────────────────────────────────────────────────────────────────────────────────────

  onFollow(link: ShardLink, follow: LinkFollow): FollowedMatch | undefined {
    let match = this.#matches.get(follow.matchId);
    if (match && match.epoch > follow.epoch) return undefined; // a shard that was replaced
    match ??= new FollowedMatch(follow.matchId, follow.epoch, this.#options.metrics);
    this.#matches.set(follow.matchId, match);
    match.link?.unbind(match);
    match.onFollow(follow, link);
    return match;
  }

  onSeatStatus(match: FollowedMatch, status: { seat: number; connected: boolean; graceMs: number }): void {
    for (const seat of this.#seatsOf(match)) seat.player.onSeatStatus(status);
  }

  onEnded(match: FollowedMatch, ended: LinkEnded): void {
    match.over = true;
    this.#dismiss(match, (player) => player.onEnded(ended));
  }

  onCancelled(match: FollowedMatch, reason: string): void {
    match.over = true;
    this.#dismiss(match, (player) => player.onCancelled(reason));
  }

  onStored(match: FollowedMatch): void {
    this.#drop(match);
  }

  /** The shard has stopped the match on purpose. */
  onMoving(match: FollowedMatch): void {
    match.link?.unbind(match);
    match.link = undefined;
    this.#suspend(match.matchId);
    this.#ask(match.matchId, true, undefined);
  }

  /** The shard answers no beats; its link is open. It may come back before another one is found. */
  onSilent(link: ShardLink): void {
    for (const matchId of this.#on(link)) this.#ask(matchId, true, link);
  }

  onHeardAgain(link: ShardLink): void {
    for (const [matchId, asked] of this.#asked) if (asked.suspect === link) this.#unask(matchId);
  }

  onClosed(link: ShardLink): void {
    for (const matchId of this.#on(link)) {
      const match = this.#matches.get(matchId);
      if (match) match.link = undefined;
      this.#suspend(matchId);
      this.#unask(matchId);
      this.#ask(matchId, true, undefined);
    }
  }

  // ── from the matchmaker ──────────────────────────────────────────────────────────────────────────────────────────

  onRelocated(places: readonly RelocatedMatch[]): void {
    for (const place of places) {
      const known = this.#matches.get(place.matchId)?.epoch ?? this.#epochs.get(place.matchId);
      if (known === undefined || place.epoch < known) continue;
      this.#unask(place.matchId);
      if (place.shardAddress === "") this.#nowhere(place);
      else this.#moveTo(place);
    }
  }

  #moveTo({ matchId, epoch, shardAddress }: RelocatedMatch): void {
    const link = this.#options.linkTo(shardAddress);
    const match = this.#matches.get(matchId);
    this.#epochs.set(matchId, epoch);
    if (match && (match.epoch < epoch || match.link !== link)) {
      if (!match.movable) return this.#nowhere({ matchId, over: "shard_lost" });
      // From here on no frame of the epoch before is taken.
      match.link?.unbind(match);
      match.handOver(link, epoch);
      if (!this.#seats.has(matchId)) this.#dropLater(match);
    }
    for (const seat of this.#seats.get(matchId) ?? []) {
      if (seat.joined && seat.link === link && match?.link === link && match.channel !== 0) continue;
      seat.link.leave(seat.session, false);
      seat.joined = false;
      seat.lostAt ??= performance.now();
      seat.link = link;
      seat.session = link.join(seat, seat.ticket, seat.traceparent);
    }
  }

  #nowhere(place: Pick<RelocatedMatch, "matchId" | "over"> & { ended?: RelocatedMatch["ended"] }): void {
    const { matchId, over, ended } = place;
    const match = this.#matches.get(matchId);
    if (over !== "match_over" && !match?.over) this.#options.metrics.lost();
    for (const seat of this.#seats.get(matchId) ?? []) {
      this.forget(seat);
      if (ended) seat.player.onEnded(ended);
      else if (seat.lostAt === undefined) seat.player.onJoinRefused(over);
      else seat.player.onCancelled(over);
    }
    if (match) this.#drop(match);
  }

  // ── bookkeeping ──────────────────────────────────────────────────────────────────────────────────────────────────

  #ask(matchId: string, lost: boolean, suspect: ShardLink | undefined): void {
    const before = this.#asked.get(matchId);
    if (before && (before.lost || !lost)) return;
    if (before) clearTimeout(before.timer);
    const match = this.#matches.get(matchId);
    const epoch = match?.epoch ?? this.#epochs.get(matchId);
    if (epoch === undefined) return;
    const since = before?.since ?? performance.now();
    const request = { matchId, epoch, ticks: match?.ticks ?? 0, lost };
    this.#asked.set(matchId, { ...request, since, suspect, timer: this.#again(matchId) });
    this.#send(request);
  }

  /** The matchmaker may have restarted, or have had no place for it. */
  #again(matchId: string): NodeJS.Timeout {
    const timer = setTimeout(() => {
      const asked = this.#asked.get(matchId);
      if (!asked) return;
      if (performance.now() - asked.since > ASK_WITHIN_MS) {
        this.#asked.delete(matchId);
        this.#options.log.error({ matchId, epoch: asked.epoch }, "nobody says where a match is; given up");
        return this.#nowhere({ matchId, over: asked.lost ? "shard_lost" : "shard_unavailable" });
      }
      asked.timer = this.#again(matchId);
      this.#send(asked);
    }, ASK_AGAIN_MS);
    return timer.unref();
  }

  /** Hundreds of matches of one shard are one message. */
  #send({ matchId, epoch, ticks, lost }: RelocateRequest): void {
    if (this.#asking.push({ matchId, epoch, ticks, lost }) > 1) return;
    setImmediate(() => {
      this.#options.ask(this.#asking);
      this.#asking = [];
    });
  }

  #unask(matchId: string): void {
    clearTimeout(this.#asked.get(matchId)?.timer);
    this.#asked.delete(matchId);
  }

  /** Its players send nothing until the match is somewhere again. */
  #suspend(matchId: string): void {
    for (const seat of this.#seats.get(matchId) ?? []) {
      seat.joined = false;
      seat.lostAt ??= performance.now();
    }
  }

  /** Matches that are on this link, or whose players wait on it. */
  #on(link: ShardLink): Set<string> {
    const ids = new Set<string>();
    for (const match of this.#matches.values()) if (match.link === link) ids.add(match.matchId);
    for (const [matchId, seats] of this.#seats) for (const seat of seats) if (seat.link === link) ids.add(matchId);
    return ids;
  }

  #seatsOf(match: FollowedMatch): Seat[] {
    return [...(this.#seats.get(match.matchId) ?? [])].filter((seat) => seat.joined);
  }

  #dismiss(match: FollowedMatch, tell: (player: Player) => void): void {
    for (const seat of this.#seatsOf(match)) {
      this.leave(seat, false);
      tell(seat.player);
    }
  }

  #drop(match: FollowedMatch): void {
    match.link?.unbind(match);
    match.link = undefined;
    if (this.#matches.get(match.matchId) !== match) return;
    this.#matches.delete(match.matchId);
    this.#unask(match.matchId);
  }

  #dropLater(match: FollowedMatch): void {
    setTimeout(() => {
      if (match.channel === 0 && !this.#seats.has(match.matchId)) this.#drop(match);
    }, KEEP_HANDED_OVER_MS).unref();
  }
}
