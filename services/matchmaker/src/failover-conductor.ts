// Answers where matches run, and moves matches to another shard when theirs is lost: all gateways get the same answer per
// match and epoch. failover.ts decides; this file carries out its decisions in the right order. The database has the final
// say on both.
import type { Client } from "@connectrpc/connect";
import { CancelReason, type Match, type MatchService } from "@muster/contracts/match/v2";
import type { RelocateMatch } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { type Bounded, BoundedMap, type Component } from "@muster/runtime";
import { formatTraceparent, newTrace } from "@muster/tracing";
import {
  decideFailover,
  type FailoverQuestion,
  type MatchLocation,
  mergeQuestions,
  type Moves,
  movesAfter,
} from "./failover.ts";
import { askShard, type PeerSessions, type ShardSession } from "./placement/peer-sessions.ts";
import type { Shards } from "./placement/shards.ts";

export interface FailoverParts {
  readonly shards: Shards;
  readonly sessions: PeerSessions;
  readonly matches: Client<typeof MatchService>;
  readonly allocateTimeoutMs: number;
  readonly metrics: { readonly failovers: { inc(labels: { outcome: string }): void } };
  /** No state of it was ever shown: without a log it starts from its seed. */
  neverBegun(matchId: string): boolean;
  /** A match is over, whoever reports it. */
  over(matchId: string): void;
  readonly now: () => number;
  readonly log: Logger;
}

/** A shard has accepted a match. */
interface Move {
  readonly match: Match;
  readonly question: FailoverQuestion;
  readonly session: ShardSession;
}

/** Hundreds of gateways' messages about one dead shard are one round. */
const GATHER_MS = 10;
/** Matches per call and per message. */
const BATCH_MAX = 500;
const WAITING_RETRY_MS = 250;
/** Matches whose moves are remembered. */
const REMEMBERED_MAX = 20_000;

export class FailoverConductor implements Component {
  readonly name = "failover";
  readonly #parts: FailoverParts;
  /** Asked and not answered yet, by match. */
  readonly #open = new Map<string, FailoverQuestion>();
  /** Of these, whom the next round looks at again. */
  readonly #waiting = new Set<string>();
  readonly #moves = new BoundedMap<string, Moves>(REMEMBERED_MAX);
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FailoverParts) {
    this.#parts = parts;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return { moves: this.#moves };
  }

  /** The answer goes to every gateway. */
  ask(questions: readonly RelocateMatch[]): void {
    let isNews = false;
    for (const question of questions) {
      const before = this.#open.get(question.matchId);
      const after = mergeQuestions(before, question, this.#parts.now());
      // Every gateway repeats its question about a waiting match, and the next round comes in any case.
      const isUrgent = question.epoch > (before?.epoch ?? 0) || (question.lost && before?.lost === false);
      isNews ||= isUrgent || !this.#waiting.has(question.matchId);
      this.#open.set(question.matchId, after);
    }
    if (isNews) this.#schedule(GATHER_MS);
  }

  /** A shard has connected: matches that wait for one are decided again. */
  wake(): void {
    if (this.#open.size > 0) this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Whichever is earlier: matches that wait must not delay those that need not. */
  #schedule(afterMs: number): void {
    const at = this.#parts.now() + afterMs;
    if (this.#stopped || at >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = at;
    this.#timer = setTimeout(() => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      this.#running = this.#running.then(() => this.#round());
    }, afterMs);
  }

  async #round(): Promise<void> {
    this.#waiting.clear();
    const questions = [...this.#open.values()];
    for (let from = 0; from < questions.length; from += BATCH_MAX) {
      const batch = questions.slice(from, from + BATCH_MAX);
      try {
        await this.#answer(batch);
      } catch (err) {
        this.#parts.log.error({ err, matches: batch.length }, "the failover of matches failed; trying again");
        for (const { matchId } of batch) this.#waiting.add(matchId);
      }
    }
    if (this.#waiting.size > 0) this.#schedule(WAITING_RETRY_MS);
  }

  async #answer(batch: readonly FailoverQuestion[]): Promise<void> {
    const byId = await this.#matchesOf(batch.map(({ matchId }) => matchId));
    const locations: MatchLocation[] = [];
    const moving: { readonly question: FailoverQuestion; readonly match: Match }[] = [];
    for (const question of batch) {
      const match = byId.get(question.matchId);
      const decision = this.#decide(question, match, new Set());
      if (decision.kind === "answer") locations.push(decision.location);
      else if (match) moving.push({ question, match });
    }
    this.#notify(locations);
    const moves = await Promise.all(moving.map(({ question, match }) => this.#offer(question, match)));
    const accepted = moves.filter((one) => one !== undefined);
    if (accepted.length > 0) await this.#advance(accepted);
  }

  async #matchesOf(ids: readonly string[]): Promise<ReadonlyMap<string, Match>> {
    const byId = new Map<string, Match>();
    for (let at = 0; at < ids.length; ) {
      const page = await this.#parts.matches.getMatches({ matchIds: ids.slice(at), inSteps: true });
      for (const match of page.matches) byId.set(match.matchId, match);
      at = page.lookedUp === 0 ? ids.length : at + page.lookedUp;
    }
    return byId;
  }

  #decide(question: FailoverQuestion, match: Match | undefined, refusedBy: ReadonlySet<string>) {
    const { shards, sessions, now } = this.#parts;
    return decideFailover({
      question,
      match,
      shards: shards.all,
      isLinked: (address) => sessions.someLinked(address),
      moves: this.#moves.get(question.matchId),
      refusedBy,
      now: now(),
    });
  }

  /** To one shard after the other. @returns the one that accepts it; otherwise the match is answered, cancelled or waits */
  async #offer(question: FailoverQuestion, match: Match): Promise<Move | undefined> {
    const { sessions, allocateTimeoutMs, log } = this.#parts;
    const { matchId } = match;
    const refusedBy = new Set<string>();
    for (;;) {
      const decision = this.#decide(question, match, refusedBy);
      switch (decision.kind) {
        case "answer":
          this.#notify([decision.location]);
          return undefined;
        case "wait":
          this.#waiting.add(matchId);
          return undefined;
        case "cancel":
          await this.#cancel(match, decision.reason, decision.why);
          return undefined;
        case "allocate": {
          const { shardId } = decision;
          const session = sessions.shards.get(shardId);
          refusedBy.add(shardId);
          if (!session) break;
          const { accepted, reason } = await askShard(this.#allocationOf(match), session, allocateTimeoutMs);
          if (accepted) return { match, question, session };
          log.warn({ matchId, shardId, reason }, "a shard refused to take over a match");
          session.out.push(release(matchId)); // it may have accepted too late for us
        }
      }
    }
  }

  /** Fences the shards before; until then the new ones wait for logs. */
  async #advance(moves: readonly Move[]): Promise<void> {
    const { matches, sessions, metrics, log } = this.#parts;
    const { advances } = await matches.advanceEpochs({
      matches: moves.map(({ match, session }) => ({
        matchId: match.matchId,
        expectedEpoch: match.epoch,
        shardId: session.shard.shardId,
        leased: session.shard.renewsLeases,
      })),
    });
    const locations: MatchLocation[] = [];
    for (const [i, { match, question, session }] of moves.entries()) {
      const { matchId } = match;
      const advance = advances[i];
      if (advance?.refused === "") {
        locations.push({ matchId, epoch: advance.epoch, shardAddress: session.shard.address });
        sessions.shards.get(match.shardId)?.out.push(release(matchId)); // should it wake up, it lets go
        this.#moves.set(matchId, movesAfter(this.#moves.get(matchId), question.ticks));
        metrics.failovers.inc({ outcome: "moved" });
      } else {
        session.out.push(release(matchId));
        this.#waiting.add(matchId); // it ended or moved meanwhile: the next round sees how
      }
    }
    log.info({ matches: locations.length }, "matches moved");
    this.#notify(locations);
  }

  async #cancel(match: Match, over: "fault" | "shard_lost", why: string): Promise<void> {
    const { matches, metrics, log } = this.#parts;
    const { matchId, epoch } = match;
    log.error({ matchId, epoch, why }, "a match cannot be continued; it is cancelled");
    const reason = over === "fault" ? CancelReason.FAULT : CancelReason.SHARD_LOST;
    try {
      await matches.recordResult({ matchId, epoch, outcome: { case: "cancelled", value: { reason } } });
      metrics.failovers.inc({ outcome: over });
      this.#notify([{ matchId, epoch, over }]);
    } catch (err) {
      // Not known, or it ended or moved meanwhile: the next round reads how it is. The others of this round go on.
      log.warn({ err, matchId, epoch }, "a match could not be cancelled; trying again");
      this.#waiting.add(matchId);
    }
  }

  #notify(locations: readonly MatchLocation[]): void {
    if (locations.length === 0) return;
    for (const { matchId, over } of locations) {
      if (over) this.#parts.over(matchId as string);
      this.#open.delete(matchId as string);
      this.#waiting.delete(matchId as string);
    }
    this.#parts.sessions.toGateways({ message: { case: "relocated", value: { matches: [...locations] } } });
  }

  #allocationOf(match: Match): Parameters<typeof askShard>[0] {
    const { matchId, mode, gameId, options, seed, participants } = match;
    const { sessions, neverBegun } = this.#parts;
    return {
      matchId,
      epoch: match.epoch + 1,
      mode,
      gameId,
      options: { ...options },
      seed,
      seats: participants.map(({ seat, playerId, playerName, bot }) => ({ seat, playerId, playerName, bot })),
      traceparent: formatTraceparent(newTrace()),
      recovery: { gatewayIds: [...sessions.gateways.keys()], afresh: neverBegun(matchId) },
    };
  }
}

function release(matchId: string): Parameters<ShardSession["out"]["push"]>[0] {
  return { message: { case: "release", value: { matchId } } };
}
