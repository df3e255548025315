// One match, as this gateway knows it: its state (takeover.ts decides the transitions), its players' seats, its spectators,
// its log and its question to the matchmaker. This file carries out the decisions of takeover.ts. Ticks do not pass through
// here: see followed-match.ts.
import type {
  LinkCancelled,
  LinkEnded,
  LinkFollow,
  LinkJoined,
  LinkSeatStatus,
  LinkWatching,
} from "@muster/contracts/realtime/link/v1";
import type { RelocatedMatch } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import type { MatchMetrics } from "../metrics.ts";
import type { ShardLink } from "../shards/shard-link.ts";
import { MatchSpectators, type Spectator, type SpectatorDelay } from "../spectators/match-spectators.ts";
import { FollowedMatch } from "./followed-match.ts";
import type { Player } from "./player.ts";
import { MatchQuestion, type RelocateRequest } from "./question.ts";
import { Seat, type SeatClaim, type SeatOwner } from "./seat.ts";
import { concerns, isBoundTo, isOn, takeover } from "./takeover.ts";
import {
  type Hearing,
  isForgotten,
  linkOf,
  type MatchAction,
  type MatchEvent,
  type MatchState,
  type News,
  newMatchState,
  type SeatAction,
} from "./takeover-state.ts";

export interface MatchParts {
  readonly linkTo: (address: string) => ShardLink;
  readonly hearing: (link: ShardLink) => Hearing;
  readonly ask: (request: RelocateRequest) => void;
  readonly delay: SpectatorDelay;
  readonly metrics: MatchMetrics;
  readonly log: Logger;
  /** There is nothing to remember about it. */
  readonly onForgotten: (match: Match) => void;
}

/** A log that was transferred and is not wanted back: kept in case its new shard dies before it has stored anything. */
const KEEP_TRANSFERRED_MS = 10_000;

export class Match implements SeatOwner {
  readonly matchId: string;
  readonly #parts: MatchParts;
  #state: MatchState<ShardLink> = newMatchState();
  /** Events that came while another one was acted on: each is done before the next begins. */
  readonly #events: MatchEvent<ShardLink>[] = [];
  #acting = false;
  readonly #seats = new Map<number, Seat>();
  #nextSeat = 1;
  #log: FollowedMatch | undefined;
  #spectators: MatchSpectators | undefined;
  readonly #question: MatchQuestion;
  #backOffTimer: NodeJS.Timeout | undefined;
  #keepTimer: NodeJS.Timeout | undefined;

  constructor(matchId: string, parts: MatchParts) {
    this.matchId = matchId;
    this.#parts = parts;
    this.#question = new MatchQuestion(parts.ask, (waitedMs) => this.#on({ kind: "askTimerFired", waitedMs }));
  }

  /** What the shard sends of it, while this gateway carries it. */
  get log(): FollowedMatch | undefined {
    return this.#log;
  }

  get spectators(): MatchSpectators | undefined {
    return this.#spectators;
  }

  isBoundTo(link: ShardLink): boolean {
    return isBoundTo(this.#state, link);
  }

  stop(): void {
    this.#question.withdraw();
    clearTimeout(this.#backOffTimer);
    clearTimeout(this.#keepTimer);
    this.#spectators?.stop();
  }

  // ── from players ─────────────────────────────────────────────────────────────────────────────────────────────────

  take(
    player: Player,
    { epoch, shardAddress }: { readonly epoch: number; readonly shardAddress: string },
    claim: SeatClaim,
  ): Seat {
    const link = linkOf(this.#state.phase) ?? this.#parts.linkTo(shardAddress);
    const seat = new Seat(this, this.#nextSeat++, player, claim, link);
    this.#seats.set(seat.id, seat);
    this.#on({ kind: "joinRequested", seat: seat.id, epoch, link, hearing: this.#parts.hearing(link) });
    return seat;
  }

  leave({ id }: Seat, forfeit: boolean): void {
    this.#on({ kind: "left", seat: id, forfeit });
  }

  catchUp({ joined, view, player }: Seat): void {
    if (joined) this.#log?.fanout(view).catchUp(player.outbound);
  }

  // ── from seats ───────────────────────────────────────────────────────────────────────────────────────────────────

  seatJoined(seat: Seat, joined: LinkJoined): void {
    this.#on({ kind: "seatJoined", seat: seat.id });
    const pauseMs = seat.resume();
    if (pauseMs !== undefined) this.#parts.metrics.moved(pauseMs);
    seat.player.onJoined(joined);
    this.#log?.fanout(seat.view).add(seat.player.outbound); // its keyframe is the next frame on the link
  }

  seatRefused({ id }: Seat, code: string): void {
    this.#on({ kind: "joinRefused", seat: id, code });
  }

  seatReplaced({ id }: Seat): void {
    this.#on({ kind: "replaced", seat: id });
  }

  // ── from links ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** @returns undefined for a shard that was replaced, or if all who asked have left */
  onFollow(link: ShardLink, follow: LinkFollow): FollowedMatch | undefined {
    this.#on({ kind: "followed", link, epoch: follow.epoch, replica: follow.witness });
    const { phase } = this.#state;
    if (phase.kind !== "following" || phase.link !== link || phase.epoch !== follow.epoch) return undefined;
    this.#log ??= new FollowedMatch(this.matchId, this.#parts.metrics);
    this.#log.onFollow(follow);
    return this.#log;
  }

  onSeatStatus(status: LinkSeatStatus): void {
    for (const { joined, number, player } of this.#seats.values())
      if (joined && number !== status.seat) player.onSeatStatus(status);
  }

  onEnded(ended: LinkEnded): void {
    for (const { joined, view, player } of this.#seats.values())
      if (joined) this.#log?.fanout(view).finish(player.outbound);
    this.#on({ kind: "ended", ended });
  }

  onCancelled({ reason, matchSeq }: LinkCancelled): void {
    this.#on({ kind: "cancelled", reason, matchSeq });
  }

  onStored(): void {
    this.#on({ kind: "stored" });
  }

  onMoving(): void {
    this.#on({ kind: "moving" });
  }

  onSuspected(link: ShardLink): void {
    if (isOn(this.#state, link)) this.#on({ kind: "linkSuspected", link });
  }

  onHeardAgain(link: ShardLink): void {
    if (this.#state.question?.suspect === link) this.#on({ kind: "linkHeardAgain", link });
  }

  onLinkClosed(link: ShardLink): void {
    if (isOn(this.#state, link) || this.#state.watch?.link === link) this.#on({ kind: "linkClosed", link });
  }

  // ── from the matchmaker ──────────────────────────────────────────────────────────────────────────────────────────

  onRelocated({ epoch, shardAddress, over, ended }: RelocatedMatch): void {
    if (!concerns(this.#state, epoch)) return; // no link is opened for it
    if (shardAddress === "") return this.#on({ kind: "nowhere", epoch, over, ended });
    const link = this.#parts.linkTo(shardAddress);
    const movable = this.#log?.movable ?? true;
    this.#on({ kind: "relocated", epoch, link, hearing: this.#parts.hearing(link), movable });
  }

  // ── spectators ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** @returns why not */
  watch(spectator: Spectator): "watchers_full" | undefined {
    const spectators = this.#spectators ?? this.#openToSpectators();
    return spectators.add(spectator);
  }

  onWatching(watching: LinkWatching): void {
    const [spectators, log] = [this.#spectators, this.#log];
    if (!spectators || !log) return;
    this.#on({ kind: "watching" });
    log.feed = spectators.frames;
    spectators.show(watching);
  }

  onWatchRefused(code: string): void {
    this.#on({ kind: "watchRefused", code });
  }

  #openToSpectators(): MatchSpectators {
    const { delay, metrics, log } = this.#parts;
    const { matchId } = this;
    const spectators = new MatchSpectators({ matchId, delay, metrics, log, onEmpty: () => this.#unwatched() });
    this.#spectators = spectators;
    this.#on({ kind: "watched" });
    // After this turn: the spectator is there when the answer is.
    queueMicrotask(() => this.#spectators === spectators && this.#on({ kind: "locate" }));
    return spectators;
  }

  #unwatched(): void {
    this.#spectators = undefined;
    if (this.#log) this.#log.feed = undefined;
    this.#on({ kind: "unwatched" });
  }

  // ── what the rules say ───────────────────────────────────────────────────────────────────────────────────────────

  /** @throws what an action throws, when all of them are done: a socket or a link that fails keeps nobody else from hearing. */
  #on(event: MatchEvent<ShardLink>): void {
    this.#events.push(event);
    if (this.#acting) return;
    this.#acting = true;
    let failures: unknown[] | undefined;
    for (let next = this.#events.shift(); next; next = this.#events.shift()) {
      const { state, actions } = takeover(this.#state, next);
      this.#state = state;
      for (const action of actions) {
        try {
          if ("seat" in action) this.#performOnSeat(action);
          else this.#perform(action);
        } catch (thrown) {
          (failures ??= []).push(thrown);
        }
      }
    }
    this.#acting = false;
    if (isForgotten(this.#state)) {
      clearTimeout(this.#keepTimer);
      this.#parts.onForgotten(this);
    }
    if (failures) throw failures.length === 1 ? failures[0] : new AggregateError(failures, "several actions failed");
  }

  #perform(action: MatchAction<ShardLink>): void {
    switch (action.kind) {
      case "ask": {
        const { epoch, lost, waitMs } = action;
        return this.#question.ask({ matchId: this.matchId, epoch, ticks: this.#log?.ticks ?? 0, lost }, waitMs);
      }
      case "askAgain":
        return this.#question.again();
      case "withdraw":
        return this.#question.withdraw();
      case "backOff":
        clearTimeout(this.#backOffTimer);
        this.#backOffTimer = setTimeout(() => this.#on({ kind: "backOffOver" }), action.forMs).unref();
        return;
      case "giveUp":
        return this.#parts.log.error(
          { matchId: this.matchId, epoch: action.epoch },
          "no shard was found for a match; it is given up as lost",
        );
      case "unbind":
        return this.#log && action.link.unbind(this.#log);
      case "transferLog":
        return this.#log?.transferLog(action.link, action.epoch);
      case "drop":
        if (this.#log) action.link?.unbind(this.#log);
        this.#log = undefined;
        return;
      case "dropLater":
        clearTimeout(this.#keepTimer);
        this.#keepTimer = setTimeout(() => this.#on({ kind: "keepTimeOver" }), KEEP_TRANSFERRED_MS).unref();
        return;
      case "countLost":
        return this.#parts.metrics.lost();
      case "watch":
        return action.link.watch(this.matchId);
      case "unwatch":
        return action.link.unwatch(this.matchId);
      case "endSpectators":
        return this.#spectators?.end(action.reason);
      case "refuseSpectators":
        return this.#spectators?.refuse(action.code, action.toAsking);
    }
  }

  #performOnSeat(action: SeatAction<ShardLink>): void {
    const seat = this.#seats.get(action.seat);
    if (!seat) return;
    switch (action.kind) {
      case "join":
        return seat.join(action.link);
      case "leave":
        return seat.leaveLink(action.forfeit);
      case "suspend":
        return seat.suspend();
      case "forget":
        this.#seats.delete(seat.id);
        return this.#log?.fanout(seat.view).remove(seat.player.outbound);
      case "notify":
        return notify(seat.player, action.news);
    }
  }
}

function notify(player: Player, news: News): void {
  if (news.kind === "joinRefused") player.onJoinRefused(news.why);
  else if (news.kind === "ended") player.onEnded(news.ended);
  else player.onCancelled(news.reason, news.matchSeq);
}
