// Players' seats in matches, wherever those run: taken, kept while a match moves from one shard to another, given up.
// design/realtime/survival.md has the protocol; this is the gateways' part of it.
import type {
  LinkCancelled,
  LinkEnded,
  LinkFollow,
  LinkJoined,
  LinkSeatStatus,
  LinkWatching,
  LinkWatchRefused,
} from "@muster/contracts/realtime/link/v1";
import type { RelocatedMatch } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { FollowedMatch } from "./followed-match.ts";
import type { MatchMetrics } from "../metrics.ts";
import { type Player, Seat, type SeatClaim, type SeatOwner } from "./seat.ts";
import type { LinkEvents, LinkedMatch, ShardLink } from "../shards/shard-link.ts";
import type { Spectators } from "../spectators/spectators.ts";
import { type RelocateRequest, MatchLocator } from "./locator.ts";

export interface MatchRegistryOptions {
  readonly linkTo: (address: string) => ShardLink;
  /** No shard is heard here: it is this gateway that is cut off, and no shard is lost. */
  readonly isCutOff: () => boolean;
  readonly ask: (requests: readonly RelocateRequest[]) => void;
  readonly spectators: () => Spectators;
  readonly metrics: MatchMetrics;
  readonly log: Logger;
}

type NowherePlace = Pick<RelocatedMatch, "matchId" | "over"> & { readonly ended?: RelocatedMatch["ended"] };

/** A log that was handed over and is not wanted back: kept in case its new shard dies before it has stored anything. */
const KEEP_HANDED_OVER_MS = 10_000;
/** A refused seat is looked for elsewhere at most so often. */
const LOOKS_MAX = 3;
const FIRST_EPOCH = 1;

export class MatchRegistry implements LinkEvents, SeatOwner {
  readonly #options: MatchRegistryOptions;
  readonly #matches = new Map<string, LinkedMatch>();
  readonly #seats = new Map<string, Set<Seat>>();
  /** The epoch of a match that this gateway does not follow: from its seat ticket, or the first for one that is only watched. */
  readonly #epochs = new Map<string, number>();
  readonly #locator: MatchLocator;

  constructor(options: MatchRegistryOptions) {
    this.#options = options;
    this.#locator = new MatchLocator({
      ask: options.ask,
      giveUp: (matchId, lost) =>
        this.#nowhere({ matchId, over: lost ? "shard_lost" : "shard_unavailable" }, "shard_unavailable"),
      log: options.log,
    });
  }

  /** Matches whose log is here. */
  get followed(): number {
    return this.#matches.size;
  }

  match(matchId: string): LinkedMatch | undefined {
    return this.#matches.get(matchId);
  }

  take(
    player: Player,
    claims: { readonly matchId: string; readonly epoch: number; readonly shardAddress: string },
    claim: SeatClaim,
  ): Seat {
    const { matchId, epoch } = claims;
    const link = this.#matches.get(matchId)?.link ?? this.#options.linkTo(claims.shardAddress);
    const seat = new Seat(this, player, matchId, claim, link);
    const all = this.#seats.get(matchId) ?? new Set();
    this.#seats.set(matchId, all.add(seat));
    this.#epochs.set(matchId, Math.max(epoch, this.#epochs.get(matchId) ?? 0));
    if (link.suspected) this.#ask(matchId, !this.#options.isCutOff(), link); // who asked when it was suspected has been answered
    if (!this.#locator.asks(matchId)) seat.join();
    return seat;
  }

  leave(seat: Seat, forfeit: boolean): void {
    seat.link.leave(seat.session, forfeit);
    this.forget(seat);
  }

  /** Its socket has drained. */
  catchUp(seat: Seat): void {
    if (seat.joined) this.#matches.get(seat.matchId)?.fanout(seat.view).catchUp(seat.player.outbound);
  }

  /** For spectators: they hear of it by `onPlaced` or `onNowhere`. */
  locate(matchId: string): void {
    const epoch = this.#epochs.get(matchId) ?? FIRST_EPOCH;
    this.#epochs.set(matchId, epoch);
    const link = this.#matches.get(matchId)?.link;
    if (link && !this.#locator.asks(matchId)) return this.#options.spectators().onPlaced(matchId, link, epoch);
    this.#ask(matchId, false);
  }

  /** It has no spectators any more. */
  unwatched(matchId: string): void {
    const match = this.#matches.get(matchId);
    if (match) match.feed = undefined;
    match?.link?.unwatch(matchId);
    if (this.#seats.has(matchId)) return;
    this.#epochs.delete(matchId);
    this.#unwanted(matchId, match);
  }

  stop(): void {
    this.#locator.stop();
  }

  // ── from seats ───────────────────────────────────────────────────────────────────────────────────────────────────

  joined(seat: Seat, joined: LinkJoined): void {
    seat.joined = true;
    seat.looks = 0;
    if (seat.lostAt !== undefined) this.#options.metrics.moved(performance.now() - seat.lostAt);
    seat.lostAt = undefined;
    seat.player.onJoined(joined);
    this.#matches.get(seat.matchId)?.fanout(seat.view).add(seat.player.outbound); // its keyframe is the next frame on the link
  }

  refused(seat: Seat, code: string): void {
    const elsewhere = code === "match_not_found" || code === "stale_epoch" || code === "match_over";
    if (!elsewhere || seat.looks++ >= LOOKS_MAX) {
      this.forget(seat);
      return seat.player.onJoinRefused(code);
    }
    this.#ask(seat.matchId, false);
  }

  forget(seat: Seat): void {
    const { matchId } = seat;
    const all = this.#seats.get(matchId);
    if (!all?.delete(seat)) return;
    const match = this.#matches.get(matchId);
    match?.fanout(seat.view).remove(seat.player.outbound);
    if (all.size > 0) return;
    this.#seats.delete(matchId);
    if (this.#options.spectators().watches(matchId)) return;
    this.#epochs.delete(matchId);
    this.#unwanted(matchId, match);
  }

  // ── from links ───────────────────────────────────────────────────────────────────────────────────────────────────

  onFollow(link: ShardLink, follow: LinkFollow): LinkedMatch | undefined {
    let match = this.#matches.get(follow.matchId);
    if (match && match.epoch > follow.epoch) return undefined; // a shard that was replaced
    match ??= new FollowedMatch<ShardLink>(follow.matchId, follow.epoch, this.#options.metrics);
    this.#matches.set(follow.matchId, match);
    match.link?.unbind(match);
    match.onFollow(follow, link);
    return match;
  }

  onWatching(_link: ShardLink, watching: LinkWatching): void {
    this.#options.spectators().onWatching(watching);
  }

  onWatchRefused(_link: ShardLink, { matchId, code }: LinkWatchRefused): void {
    this.#options.spectators().onWatchRefused(matchId, code);
  }

  onSeatStatus(match: LinkedMatch, status: LinkSeatStatus): void {
    for (const seat of this.#seatsOf(match)) if (seat.number !== status.seat) seat.player.onSeatStatus(status);
  }

  onEnded(match: LinkedMatch, ended: LinkEnded): void {
    match.over = true;
    for (const seat of this.#seatsOf(match)) match.fanout(seat.view).finish(seat.player.outbound);
    this.#dismiss(match, (player) => player.onEnded(ended));
    this.#options.spectators().onOver(match.matchId, "ended");
  }

  onCancelled(match: LinkedMatch, { reason, matchSeq }: LinkCancelled): void {
    match.over = true;
    this.#dismiss(match, (player) => player.onCancelled(reason, matchSeq));
    this.#options.spectators().onOver(match.matchId, "cancelled");
  }

  onStored(match: LinkedMatch): void {
    this.#drop(match);
  }

  /** The shard has stopped the match on purpose. */
  onMoving(match: LinkedMatch): void {
    match.link?.unbind(match);
    match.link = undefined;
    this.#suspend(match.matchId);
    this.#ask(match.matchId, true);
  }

  /** The shard answers no heartbeats; its link is open. It may come back before another one is found. */
  onSuspected(link: ShardLink): void {
    for (const matchId of this.#on(link)) this.#ask(matchId, true, link);
  }

  onHeardAgain(link: ShardLink): void {
    // Who came meanwhile has waited for the answer, and asks now.
    for (const matchId of this.#locator.onHeardAgain(link)) {
      for (const seat of this.#seats.get(matchId) ?? []) if (!seat.joined && !seat.asked) seat.join();
      this.#options.spectators().onFoundAgain(matchId, link);
    }
  }

  onClosed(link: ShardLink): void {
    for (const matchId of this.#on(link)) {
      const match = this.#matches.get(matchId);
      if (match) match.link = undefined;
      this.#suspend(matchId);
      this.#locator.withdraw(matchId);
      this.#ask(matchId, true);
    }
    this.#options.spectators().onLinkClosed(link);
  }

  // ── from the matchmaker ──────────────────────────────────────────────────────────────────────────────────────────

  onRelocated(places: readonly RelocatedMatch[]): void {
    for (const place of places) {
      const known = this.#matches.get(place.matchId)?.epoch ?? this.#epochs.get(place.matchId);
      if (known === undefined || place.epoch < known) continue;
      this.#locator.answered(place.matchId);
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
      const here = seat.asked || (seat.joined && match?.link === link && match.channel !== 0);
      if (here && seat.link === link) continue;
      seat.link.leave(seat.session, false);
      seat.joined = false;
      seat.lostAt ??= performance.now();
      seat.link = link;
      seat.join();
    }
    this.#options.spectators().onPlaced(matchId, link, epoch);
    // Nobody else has it yet. Whoever only watches, or holds the log, waits for the link: it is not theirs to move.
    if (link.suspected && this.#seats.has(matchId)) this.#ask(matchId, !this.#options.isCutOff(), link);
  }

  /** @param toJoining what those hear who have no seat yet */
  #nowhere(place: NowherePlace, toJoining: string = place.over): void {
    const { matchId, over, ended } = place;
    const match = this.#matches.get(matchId);
    const seats = this.#seats.get(matchId) ?? [];
    if (over !== "match_over" && !match?.over && (match || this.#seats.has(matchId))) this.#options.metrics.lost();
    for (const seat of seats) {
      this.forget(seat);
      if (ended) seat.player.onEnded(ended);
      else if (!seat.joinedBefore) seat.player.onJoinRefused(toJoining);
      else seat.player.onCancelled(over, 0);
    }
    this.#options.spectators().onNowhere(matchId, over, toJoining);
    if (match) this.#drop(match);
  }

  // ── bookkeeping ──────────────────────────────────────────────────────────────────────────────────────────────────

  #ask(matchId: string, lost: boolean, suspect?: ShardLink): void {
    const match = this.#matches.get(matchId);
    const epoch = match?.epoch ?? this.#epochs.get(matchId);
    if (epoch !== undefined) this.#locator.ask({ matchId, epoch, ticks: match?.ticks ?? 0, lost }, suspect);
  }

  /** Its players send nothing until the match is somewhere again. */
  #suspend(matchId: string): void {
    for (const seat of this.#seats.get(matchId) ?? []) {
      seat.joined = seat.asked = false;
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

  #seatsOf(match: LinkedMatch): Seat[] {
    return [...(this.#seats.get(match.matchId) ?? [])].filter((seat) => seat.joined);
  }

  #dismiss(match: LinkedMatch, tell: (player: Player) => void): void {
    for (const seat of this.#seatsOf(match)) {
      this.leave(seat, false);
      tell(seat.player);
    }
  }

  #drop(match: LinkedMatch): void {
    match.link?.unbind(match);
    match.link = undefined;
    if (this.#matches.get(match.matchId) !== match) return;
    this.#matches.delete(match.matchId);
    const { matchId } = match;
    const wanted = this.#seats.has(matchId) || this.#options.spectators().watches(matchId);
    if (wanted) return;
    this.#epochs.delete(matchId);
    this.#locator.withdraw(matchId);
  }

  /**
   * Nobody here plays or watches it. An ended match's log stays, and is looked for, until its result is stored; a running one's is the
   * other gateways', or ours again as the shard's witness.
   */
  #unwanted(matchId: string, match: LinkedMatch | undefined): void {
    if (!match) this.#locator.withdraw(matchId);
    else if (match.over) return;
    else if (this.#locator.seeks(matchId))
      this.#dropLater(match); // the next shard may need the log
    else this.#drop(match);
  }

  #dropLater(match: LinkedMatch): void {
    setTimeout(() => {
      if (match.channel === 0 && !this.#seats.has(match.matchId)) this.#drop(match);
    }, KEEP_HANDED_OVER_MS).unref();
  }
}
