// The matches that this gateway knows: one object each, found by its id. Events of links and answers of the matchmaker are
// passed on to the matches that they concern. design/realtime/survival.md has the protocol; takeover.ts is the gateways' part
// of it.
import type {
  LinkCancelled,
  LinkEnded,
  LinkFollow,
  LinkSeatStatus,
  LinkWatching,
  LinkWatchRefused,
} from "@muster/contracts/realtime/link/v1";
import type { RelocatedMatch } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import type { MatchMetrics } from "../metrics.ts";
import type { LinkEvents, ShardLink } from "../shards/shard-link.ts";
import type { Spectator } from "../spectators/match-spectators.ts";
import { ReleaseTimer } from "../spectators/release-timer.ts";
import type { FollowedMatch } from "./followed-match.ts";
import { Match, type MatchParts } from "./match.ts";
import type { Player } from "./player.ts";
import { RelocateBatch, type RelocateRequest } from "./question.ts";
import type { Seat, SeatClaim } from "./seat.ts";

export interface MatchRegistryOptions {
  readonly linkTo: (address: string) => ShardLink;
  /** No shard is heard here: it is this gateway that is cut off, and no shard is lost. */
  readonly isCutOff: () => boolean;
  readonly ask: (requests: readonly RelocateRequest[]) => void;
  readonly spectators: {
    readonly delayMs: number;
    /** Of one match, on this gateway; 0: nobody may watch. */
    readonly perMatchMax: number;
  };
  readonly metrics: MatchMetrics;
  readonly log: Logger;
}

export class MatchRegistry implements LinkEvents {
  readonly #matches = new Map<string, Match>();
  readonly #spectatorsMax: number;
  readonly #releases = new ReleaseTimer();
  readonly #parts: MatchParts;

  constructor({ linkTo, isCutOff, ask, spectators, metrics, log }: MatchRegistryOptions) {
    const batch = new RelocateBatch(ask);
    this.#spectatorsMax = spectators.perMatchMax;
    this.#parts = {
      linkTo,
      hearing: (link) => (link.suspected ? (isCutOff() ? "cut off" : "suspected") : "heard"),
      ask: (request) => batch.add(request),
      delay: { ...spectators, releases: this.#releases },
      metrics,
      log,
      onForgotten: (match) => {
        if (this.#matches.get(match.matchId) === match) this.#matches.delete(match.matchId);
      },
    };
  }

  /** Matches whose log this gateway has. */
  get followed(): number {
    return [...this.#matches.values()].filter(({ log }) => log).length;
  }

  get spectators(): number {
    return [...this.#matches.values()].reduce((sum, { spectators }) => sum + (spectators?.size ?? 0), 0);
  }

  get(matchId: string): Match | undefined {
    return this.#matches.get(matchId);
  }

  stop(): void {
    for (const match of this.#matches.values()) match.stop();
    this.#releases.stop();
  }

  // ── from connections ─────────────────────────────────────────────────────────────────────────────────────────────

  take(
    player: Player,
    claims: { readonly matchId: string; readonly epoch: number; readonly shardAddress: string },
    claim: SeatClaim,
  ): Seat {
    return this.#getOrAdd(claims.matchId).take(player, claims, claim);
  }

  /** @returns why not */
  watch(spectator: Spectator, matchId: string): "watching_off" | "watchers_full" | undefined {
    if (this.#spectatorsMax === 0) return "watching_off";
    return this.#getOrAdd(matchId).watch(spectator);
  }

  stopWatching(spectator: Spectator, matchId: string): void {
    this.#matches.get(matchId)?.spectators?.remove(spectator);
  }

  /** A spectator's socket has drained. */
  catchUp(spectator: Spectator, matchId: string): void {
    this.#matches.get(matchId)?.spectators?.catchUp(spectator);
  }

  // ── from links ───────────────────────────────────────────────────────────────────────────────────────────────────

  onFollow(link: ShardLink, follow: LinkFollow): FollowedMatch | undefined {
    return this.#getOrAdd(follow.matchId).onFollow(link, follow);
  }

  onWatching(_link: ShardLink, watching: LinkWatching): void {
    this.#matches.get(watching.matchId)?.onWatching(watching);
  }

  onWatchRefused(_link: ShardLink, { matchId, code }: LinkWatchRefused): void {
    this.#matches.get(matchId)?.onWatchRefused(code);
  }

  onSeatStatus(log: FollowedMatch, status: LinkSeatStatus): void {
    this.#of(log)?.onSeatStatus(status);
  }

  onEnded(log: FollowedMatch, ended: LinkEnded): void {
    this.#of(log)?.onEnded(ended);
  }

  onCancelled(log: FollowedMatch, cancelled: LinkCancelled): void {
    this.#of(log)?.onCancelled(cancelled);
  }

  onStored(log: FollowedMatch): void {
    this.#of(log)?.onStored();
  }

  onMoving(log: FollowedMatch): void {
    this.#of(log)?.onMoving();
  }

  onSuspected(link: ShardLink): void {
    for (const match of this.#all()) match.onSuspected(link);
  }

  onHeardAgain(link: ShardLink): void {
    for (const match of this.#all()) match.onHeardAgain(link);
  }

  onClosed(link: ShardLink): void {
    for (const match of this.#all()) match.onLinkClosed(link);
  }

  // ── from the matchmaker ──────────────────────────────────────────────────────────────────────────────────────────

  onRelocated(matches: readonly RelocatedMatch[]): void {
    for (const one of matches) this.#matches.get(one.matchId)?.onRelocated(one);
  }

  #getOrAdd(matchId: string): Match {
    let match = this.#matches.get(matchId);
    if (!match) this.#matches.set(matchId, (match = new Match(matchId, this.#parts)));
    return match;
  }

  /** A copy: what happens to one may take others out. */
  #all(): Match[] {
    return [...this.#matches.values()];
  }

  /** The match whose log it is, unless that has been dropped. */
  #of(log: FollowedMatch): Match | undefined {
    const match = this.#matches.get(log.matchId);
    return match?.log === log ? match : undefined;
  }
}
