// The matches of this process.
import type { Logger } from "@muster/log";
import type { Session } from "./audience.ts";
import { Match, type MatchOutcome, type MatchOwner, type MatchSpec, type MatchTimes } from "./match.ts";
import type { ShardMetrics } from "./metrics.ts";
import type { Results } from "./results.ts";
import type { Scheduler } from "./scheduler.ts";

export interface MatchesOptions {
  readonly matchesMax: number;
  readonly times: MatchTimes;
  readonly scheduler: Scheduler;
  readonly results: Results;
  readonly metrics: ShardMetrics;
  readonly log: Logger;
}

export type JoinRefusal = "match_not_found" | "match_over" | "stale_epoch" | "seat_ticket_foreign";

/** Ended matches that are remembered, so that a late player hears "over" and not "not found". */
const OVER_MAX = 10_000;

export class Matches {
  readonly #options: MatchesOptions;
  readonly #byId = new Map<string, Match>();
  readonly #over = new Set<string>();
  readonly #owner: MatchOwner;
  readonly #turns = new Set<Match>();
  #nextChannel = 1;
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: MatchesOptions) {
    this.#options = options;
    this.#owner = {
      onStart: (match) => {
        if (match.tickRate > 0) options.scheduler.add(match);
      },
      onTurn: (match) => this.#turn(match),
      onOver: (match, outcome) => this.#end(match, outcome),
      onFault: (match, err) =>
        options.log.error(
          { err, matchId: match.spec.matchId, game: match.spec.game.id, tick: match.ticks },
          "the game failed; its match ends",
        ),
    };
  }

  get size(): number {
    return this.#byId.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** @returns why the match is refused. The same match again is accepted and changes nothing. */
  allocate(spec: MatchSpec): string | undefined {
    if (this.#byId.has(spec.matchId)) return undefined;
    if (this.#draining) return "stopping";
    if (this.#byId.size >= this.#options.matchesMax) return "full";
    try {
      this.#byId.set(spec.matchId, new Match(spec, this.#nextChannel, this.#options.times, this.#owner));
    } catch (err) {
      this.#options.log.error({ err, matchId: spec.matchId, game: spec.game.id }, "the game could not be set up");
      return `the game could not be set up: ${(err as Error).message}`.slice(0, 200);
    }
    this.#nextChannel = (this.#nextChannel % 0xffff_ffff) + 1;
    return undefined;
  }

  /** The matchmaker takes an allocation back: nobody was told of it. */
  release(matchId: string): void {
    const match = this.#byId.get(matchId);
    if (!match) return;
    match.drop();
    this.#forget(match);
  }

  join(
    claims: { matchId: string; epoch: number; seat: number; playerId: string },
    session: Session,
  ): Match | JoinRefusal {
    const match = this.#byId.get(claims.matchId);
    if (!match) return this.#over.has(claims.matchId) ? "match_over" : "match_not_found";
    if (claims.epoch !== match.spec.epoch) return "stale_epoch";
    return match.join(claims.seat, claims.playerId, session) ?? match;
  }

  /** Takes no more matches; resolves when the last one is over, or after `withinMs`, when the rest is cancelled. */
  async drain(withinMs: number): Promise<void> {
    this.#draining = true;
    if (this.#byId.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    for (const match of this.#byId.values()) match.cancel("fault");
  }

  /** Several inputs of one event-loop turn may lead to one step each at most once per turn. */
  #turn(match: Match): void {
    if (this.#turns.has(match)) return;
    this.#turns.add(match);
    setImmediate(() => {
      this.#turns.delete(match);
      match.tick();
    });
  }

  #end(match: Match, outcome: MatchOutcome): void {
    const { log, results, metrics } = this.#options;
    const { matchId, epoch, trace } = match.spec;
    log.info(
      { matchId, traceId: trace.traceId, outcome: outcome.kind, reason: outcome.reason, ticks: match.ticks },
      "match over",
    );
    metrics.matchesOver.inc({ outcome: outcome.kind, reason: outcome.reason });
    results.store({ matchId, epoch, trace, outcome, ticks: match.ticks, stateHash: match.stateHash });
    this.#over.add(matchId);
    if (this.#over.size > OVER_MAX) this.#over.delete(this.#over.values().next().value as string);
    this.#forget(match);
  }

  #forget(match: Match): void {
    this.#options.scheduler.remove(match);
    this.#byId.delete(match.spec.matchId);
    if (this.#byId.size === 0) this.#onEmpty?.();
  }
}
