// The matches of this process.
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@muster/log";
import { type Bounded, BoundedMap, cut } from "@muster/runtime";
import { Takeovers, type TakeoverTimes, type PendingJoin, type Recovery } from "../takeover/takeovers.ts";
import { unplayedOf } from "./attendance.ts";
import type { Link, LinkSession } from "../tick/subscribers.ts";
import { EndedMatches } from "./ended-matches.ts";
import type { LogTransfer } from "../takeover/log-transfers.ts";
import type { InputRings } from "../tick/input-rings.ts";
import { Match } from "./match.ts";
import type { MatchOwner } from "./match-owner.ts";
import type { MatchCancelReason, MatchOutcome, MatchSpec, MatchTimes } from "./match-spec.ts";
import type { ResumePoint } from "../takeover/resume-point.ts";
import type { ShardMetrics } from "../metrics.ts";
import type { Results } from "./results.ts";
import type { Scheduler } from "../tick/scheduler.ts";
import type { TickingMatch } from "../tick/ticking-match.ts";
import type { SeatReports } from "./seat-reports.ts";
import type { SnapshotPace } from "../tick/snapshot-pace.ts";
import type { StepWatchdog } from "../tick/step-watchdog.ts";

export interface MatchesOptions {
  readonly matchesMax: number;
  readonly times: MatchTimes;
  /** Who leaves a running match sooner has not played it. */
  readonly playedAfterMs: number;
  readonly takeover: TakeoverTimes;
  readonly scheduler: Scheduler<TickingMatch>;
  readonly results: Results;
  readonly watchdog: StepWatchdog;
  readonly inputs: InputRings;
  readonly pace: SnapshotPace;
  readonly seatReports: SeatReports;
  readonly metrics: ShardMetrics;
  readonly log: Logger;
}

/** Ended matches that are remembered, so that a late player hears "over" and not "not found". */
const OVER_MAX = 10_000;
/** Two hundred matches a second. tools/drills measures what players notice of it. */
const EVACUATE_AT_ONCE = 12;
const EVACUATE_EVERY_MS = 60;

export class Matches {
  readonly #options: MatchesOptions;
  readonly #byId = new Map<string, Match>();
  readonly #over = new BoundedMap<string, true>(OVER_MAX);
  readonly #ended: EndedMatches;
  readonly #owner: MatchOwner<Match>;
  readonly #pendingSteps = new Set<Match>();
  readonly #links = new Set<Link>();
  readonly #takeovers: Takeovers;
  #nextChannel = 1;
  /** The process stops: for good. */
  #stopping = false;
  /** An operator's order: until it is taken back. */
  #drainOrdered = false;
  #evacuating = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: MatchesOptions) {
    this.#options = options;
    this.#ended = new EndedMatches(options.times.graceMs);
    this.#owner = {
      inputs: options.inputs,
      pace: options.pace,
      guard: options.watchdog,
      onStart: (match) => {
        options.seatReports.begun(match);
        if (match.tickRate > 0) options.scheduler.add(match.ticking);
      },
      onInput: (match) => this.#stepSoon(match),
      onLeft: (match, seat) => options.seatReports.left(match, seat),
      onOver: (match, outcome) => this.#end(match, outcome),
      replicaFor: (match) => this.#replicaFor(match),
      onFault: (match, err) =>
        options.log.error(
          { err, matchId: match.spec.matchId, game: match.spec.game.id, tick: match.ticks },
          "the game failed; its match ends",
        ),
    };
    this.#takeovers = new Takeovers(
      options.takeover,
      {
        takeOver: (spec, resumePoint) => this.#takeOver(spec, resumePoint),
        lost: (spec) => this.#lost(spec),
        join: (spec, join) => this.#joinTakenOver(spec, join),
      },
      options.log,
    );
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return { matchesOver: this.#over, ...this.#ended.bounded };
  }

  /** Running here, or being taken over. */
  get size(): number {
    return this.#byId.size + this.#takeovers.size;
  }

  /** Matches whose leases this shard renews: one that is being taken over is not its own yet. */
  get heldIds(): string[] {
    return [...this.#byId.keys()];
  }

  /** match-service says that the match is over (`reason`), or another shard's (undefined). */
  lost(matchId: string, reason: MatchCancelReason | undefined): void {
    const match = this.#byId.get(matchId);
    if (!match) return; // over here too, by now
    const { epoch, trace } = match.spec;
    this.#options.log.warn({ matchId, epoch, reason, traceId: trace.traceId }, "this shard no longer holds a match");
    if (reason === undefined) this.release(matchId);
    else match.cancel(reason);
  }

  /** Those that are here, and not still on their way from another shard. */
  get held(): readonly Match[] {
    return [...this.#byId.values()];
  }

  get draining(): boolean {
    return this.#stopping || this.#drainOrdered;
  }

  /** By an operator: no new matches; the matchmaker says when those that are here can go. */
  orderDrain(on: boolean): void {
    this.#drainOrdered = on;
    if (!this.draining) this.#evacuating = false;
  }

  /**
   * @param recovery of a match that another shard held
   * @returns why the match is refused. The same match again is accepted and changes nothing.
   */
  allocate(spec: MatchSpec, recovery?: Recovery): string | undefined {
    const held = this.#byId.get(spec.matchId);
    if (held && held.spec.epoch >= spec.epoch) return undefined;
    const takingOver = this.#takeovers.has(spec.matchId);
    if (takingOver && !recovery) return undefined;
    if (this.draining && !takingOver) return this.#stopping ? "stopping" : "drained by an operator";
    if (this.size >= this.#options.matchesMax && !takingOver) return "full";
    if (held) this.release(spec.matchId);
    if (recovery) {
      this.#takeovers.expect(spec, recovery);
      return undefined;
    }
    try {
      this.#options.seatReports.allocated(this.#add(spec));
    } catch (err) {
      this.#options.log.error({ err, matchId: spec.matchId, game: spec.game.id }, "the game could not be set up");
      return cut(`the game could not be set up: ${(err as Error).message}`, 200);
    }
    return undefined;
  }

  /** The matchmaker takes a match back: nobody was told of it, or it is another shard's now. */
  release(matchId: string): void {
    this.#takeovers.drop(matchId);
    const match = this.#byId.get(matchId);
    if (!match) return this.#checkEmpty();
    match.drop();
    this.#forget(match);
  }

  transferLog(matchId: string, epoch: number, transfer: LogTransfer): void {
    this.#takeovers.transferLog(matchId, epoch, transfer);
  }

  linked(link: Link): void {
    this.#links.add(link);
    for (const match of this.#byId.values()) match.ensureLogReplica();
  }

  unlinked(link: Link): void {
    this.#links.delete(link);
    for (const match of this.#byId.values()) match.unlinked(link);
    this.#takeovers.gatewayGone(link.gatewayId);
  }

  /** Other shards have room for all matches. A few at a time: each pauses only for as long as its few take. */
  async evacuate(): Promise<void> {
    this.#evacuating = true;
    const leaving = [...this.#byId.values()];
    this.#options.log.info({ matches: leaving.length }, "evacuating the matches");
    for (let from = 0; from < leaving.length; from += EVACUATE_AT_ONCE) {
      if (from > 0) await wait(EVACUATE_EVERY_MS);
      if (!this.#evacuating) return;
      for (const match of leaving.slice(from, from + EVACUATE_AT_ONCE)) this.#moveOn(match);
    }
  }

  #moveOn(match: Match): void {
    if (this.#byId.get(match.spec.matchId) !== match) return; // over meanwhile
    match.move();
    this.#forget(match);
  }

  join(
    claims: { matchId: string; epoch: number; seat: number; playerId: string },
    session: LinkSession,
    lastMatchSeq: number,
    answer: (outcome: Match | string) => void,
  ): void {
    const { matchId, seat, playerId } = claims;
    const match = this.#byId.get(matchId);
    if (!match && this.#takeovers.has(matchId)) {
      return this.#takeovers.join(matchId, {
        seat,
        playerId,
        session,
        lastMatchSeq,
        answer: (refusal) => answer(refusal ?? this.#byId.get(matchId) ?? "match_not_found"),
      });
    }
    if (!match) {
      const ended = this.#ended.get(matchId);
      if (ended) return answer(ended.tellEnd(seat, playerId, session) ?? ended);
      return answer(this.#over.has(matchId) ? "match_over" : "match_not_found");
    }
    // A seat ticket stays valid when its match moves; one of a later epoch shows that the match is no longer ours.
    if (claims.epoch > match.spec.epoch) return answer("stale_epoch");
    answer(match.join(seat, playerId, session, lastMatchSeq) ?? match);
  }

  /** A gateway has spectators of a match: `refuse` is told why they see nothing. Waits for a match that is being taken over. */
  watch(matchId: string, link: Link, refuse: (code: "match_not_found" | "match_over") => void): void {
    if (!this.#links.has(link)) return; // gone while it waited
    if (this.#takeovers.watch(matchId, link, () => this.watch(matchId, link, refuse))) return;
    const match = this.#byId.get(matchId);
    const code = match ? match.watch(link) : this.#over.has(matchId) ? "match_over" : "match_not_found";
    if (code !== undefined) refuse(code);
  }

  unwatch(matchId: string, link: Link): void {
    this.#takeovers.unwatch(matchId, link);
    this.#byId.get(matchId)?.unwatch(link);
  }

  /** Takes no more matches; resolves when the last one is over, or after `withinMs`, when the rest is cancelled. */
  async drain(withinMs: number): Promise<void> {
    this.#stopping = true;
    if (this.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#takeovers.stop();
    for (const match of this.#byId.values()) match.cancel("shard_lost");
  }

  #add(spec: MatchSpec, resumePoint?: ResumePoint): Match {
    const { watchdog, times } = this.#options;
    const watchdogSlot = watchdog.register(spec.matchId, spec.epoch);
    try {
      const match = new Match(spec, { channel: this.#nextChannel, watchdogSlot }, times, this.#owner, resumePoint);
      this.#nextChannel = (this.#nextChannel % 0xffff_ffff) + 1;
      this.#byId.set(spec.matchId, match);
      return match;
    } catch (err) {
      watchdog.release(watchdogSlot);
      throw err;
    }
  }

  #takeOver(spec: MatchSpec, resumePoint: ResumePoint): void {
    const match = this.#add(spec, resumePoint);
    const { matchId, epoch, trace } = spec;
    this.#options.log.info({ matchId, epoch, ticks: match.ticks, traceId: trace.traceId }, "match taken over");
    this.#options.metrics.takenOver.inc({ outcome: "resumed" });
    this.#options.seatReports.takenOver(match);
    match.resume();
    // It came from a shard that stopped just before this one: waiting players are told that it is here, then that it moves on.
    if (this.#evacuating) setImmediate(() => this.#moveOn(match));
  }

  #lost(spec: MatchSpec): void {
    const { log, results, metrics } = this.#options;
    const { matchId, epoch, trace } = spec;
    log.error({ matchId, epoch, traceId: trace.traceId }, "no input log restores this match; it is cancelled");
    metrics.takenOver.inc({ outcome: "lost" });
    this.#options.seatReports.lost(matchId);
    this.#over.set(matchId, true);
    results.store({
      matchId,
      epoch,
      trace,
      outcome: { kind: "cancelled", reason: "shard_lost" },
      unplayed: [],
      ticks: 0,
      stateHash: "",
      log: undefined,
      onStored: () => undefined,
    });
    this.#checkEmpty();
  }

  #joinTakenOver({ matchId }: MatchSpec, { seat, playerId, session, lastMatchSeq, answer }: PendingJoin): void {
    const match = this.#byId.get(matchId);
    answer(match ? match.join(seat, playerId, session, lastMatchSeq) : "match_over");
  }

  /** Another gateway for every other match, so that the replicas are spread. */
  #replicaFor(match: Match): Link | undefined {
    const others = [...this.#links].filter((link) => !match.carriedBy(link));
    return others[match.channel % others.length];
  }

  /** Inputs that arrive in one iteration of the event loop are processed together. */
  #stepSoon(match: Match): void {
    if (this.#pendingSteps.has(match)) return;
    this.#pendingSteps.add(match);
    setImmediate(() => {
      this.#pendingSteps.delete(match);
      match.stepPending();
    });
  }

  #end(match: Match, outcome: MatchOutcome): void {
    const { log, results, metrics } = this.#options;
    const { matchId, epoch, trace } = match.spec;
    const unplayed = unplayedOf(match.seats, outcome, this.#options.playedAfterMs);
    log.info(
      { matchId, traceId: trace.traceId, outcome: outcome.kind, reason: outcome.reason, ticks: match.ticks, unplayed },
      "match over",
    );
    metrics.matchesOver.inc({ outcome: outcome.kind, reason: outcome.reason });
    this.#options.seatReports.over(match, outcome);
    const { ticks, stateHash } = match;
    const end = { outcome, unplayed, ticks, stateHash, log: match.log?.slice() };
    results.store({ matchId, epoch, trace, ...end, onStored: () => match.stored() });
    if (outcome.kind === "ended" && match.missed) this.#ended.keep(match);
    this.#over.set(matchId, true);
    this.#forget(match);
  }

  #forget(match: Match): void {
    this.#options.scheduler.remove(match.ticking);
    if (this.#byId.get(match.spec.matchId) === match) {
      this.#byId.delete(match.spec.matchId);
      this.#options.watchdog.release(match.ticking.watchdogSlot);
    }
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.size === 0) this.#onEmpty?.();
  }
}
