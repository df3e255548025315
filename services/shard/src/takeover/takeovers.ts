// Matches that this shard takes over from one that is lost: each waits for the logs of its gateways, then goes on where
// the longest ends. design/realtime/survival.md has the whole protocol.
import type { Logger } from "@muster/log";
import type { Link, Session } from "../tick/subscribers.ts";
import { type Handover, Handovers } from "./log-transfers.ts";
import type { Inheritance, MatchSpec } from "../match/match-spec.ts";

/** What the matchmaker knows of a match that another shard held. */
export interface Recovery {
  /** Whose logs may come. */
  readonly gatewayIds: readonly string[];
  /** No state of it was ever shown: it may start from its seed. */
  readonly afresh: boolean;
}

export interface AdoptionTimes {
  /** After the first log: how long the others are waited for. */
  readonly othersWithinMs: number;
  /** For any log at all. */
  readonly logWithinMs: number;
}

/** A player who asks for the seat before the match goes on. */
export interface PendingJoin {
  readonly seat: number;
  readonly playerId: string;
  readonly session: Session;
  readonly lastMatchSeq: number;
  /** Called with why not, or with nothing once seated. */
  answer(refusal: string | undefined): void;
}

export interface AdoptionOwner {
  /** @throws when the log does not lead to this match. */
  adopt(spec: MatchSpec, inheritance: Inheritance): void;
  /** No log came, or none that fits. */
  lost(spec: MatchSpec): void;
  /** The match is there now, or is not. */
  join(spec: MatchSpec, join: PendingJoin): void;
}

interface Adoption {
  readonly spec: MatchSpec;
  readonly handovers: Handovers;
  readonly afresh: boolean;
  readonly joins: PendingJoin[];
  /** Gateways with spectators: told when it is decided, whichever way. */
  readonly watchers: Map<Link, () => void>;
  timer: NodeJS.Timeout;
}

const NOTHING_PLAYED: Inheritance = { log: new Uint8Array(0), check: 0, keyframe: undefined, held: new Map() };
/** Joins that wait per match: its seats, a few times over. */
const JOINS_MAX = 256;

export class Adoptions {
  readonly #byId = new Map<string, Adoption>();
  readonly #times: AdoptionTimes;
  readonly #owner: AdoptionOwner;
  readonly #log: Logger;

  constructor(times: AdoptionTimes, owner: AdoptionOwner, log: Logger) {
    this.#times = times;
    this.#owner = owner;
    this.#log = log;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(matchId: string): boolean {
    return this.#byId.has(matchId);
  }

  expect(spec: MatchSpec, { gatewayIds, afresh }: Recovery): void {
    const before = this.#byId.get(spec.matchId);
    if (before && before.spec.epoch >= spec.epoch) {
      // Offered again: who asked does not know yet that it is ours, and no gateway does. The time for a log begins anew.
      if (before.handovers.size === 0) before.timer.refresh();
      return;
    }
    this.drop(spec.matchId); // it has been another shard's since: logs come for the later epoch only
    const { othersWithinMs, logWithinMs } = this.#times;
    // Where there should be no log, one is waited for no longer than after a first one.
    const timer = setTimeout(() => this.#decide(spec.matchId), afresh ? othersWithinMs : logWithinMs);
    const handovers = new Handovers(gatewayIds);
    this.#byId.set(spec.matchId, { spec, handovers, afresh, joins: [], watchers: new Map(), timer });
  }

  /** A log that comes too late, or for another shard's match, is not looked at. */
  handover(matchId: string, epoch: number, handover: Handover): void {
    const adoption = this.#byId.get(matchId);
    if (!adoption || adoption.spec.epoch !== epoch) return;
    adoption.handovers.add(handover);
    if (adoption.handovers.complete) return this.#decide(matchId);
    if (adoption.handovers.size > 1) return;
    clearTimeout(adoption.timer);
    adoption.timer = setTimeout(() => this.#decide(matchId), this.#times.othersWithinMs);
  }

  gatewayGone(gatewayId: string): void {
    for (const [matchId, { handovers }] of this.#byId) {
      handovers.gone(gatewayId);
      if (handovers.complete) this.#decide(matchId);
    }
  }

  join(matchId: string, join: PendingJoin): void {
    const adoption = this.#byId.get(matchId);
    if (!adoption || adoption.joins.length >= JOINS_MAX) return join.answer("match_not_found");
    adoption.joins.push(join);
  }

  /** @returns false when nothing is to be decided. */
  watch(matchId: string, link: Link, decided: () => void): boolean {
    return this.#byId.get(matchId)?.watchers.set(link, decided) !== undefined;
  }

  unwatch(matchId: string, link: Link): void {
    this.#byId.get(matchId)?.watchers.delete(link);
  }

  /** @returns whether it was here. */
  drop(matchId: string): boolean {
    const adoption = this.#byId.get(matchId);
    if (!adoption) return false;
    clearTimeout(adoption.timer);
    this.#byId.delete(matchId);
    for (const join of adoption.joins) join.answer("match_not_found");
    for (const decided of adoption.watchers.values()) decided();
    return true;
  }

  stop(): void {
    for (const matchId of this.#byId.keys()) this.drop(matchId);
  }

  #decide(matchId: string): void {
    const adoption = this.#byId.get(matchId);
    if (!adoption) return;
    clearTimeout(adoption.timer);
    this.#byId.delete(matchId);
    const { spec, handovers, joins, watchers } = adoption;
    if (!this.#adopted(spec, handovers) && !this.#startedAfresh(adoption)) this.#owner.lost(spec);
    for (const join of joins) this.#owner.join(spec, join);
    for (const decided of watchers.values()) decided();
  }

  /** A log of anything that was played means that it was shown, whoever knows better. */
  #startedAfresh({ spec, handovers, afresh }: Adoption): boolean {
    if (!afresh || handovers.ranked.some(({ ticks }) => ticks > 0)) return false;
    try {
      this.#owner.adopt(spec, NOTHING_PLAYED);
      return true;
    } catch (err) {
      this.#log.error({ err, matchId: spec.matchId }, "a match that never began cannot be set up");
      return false;
    }
  }

  /** The longest log counts; a damaged one is passed over. */
  #adopted(spec: MatchSpec, handovers: Handovers): boolean {
    for (const { log, check, keyframe, gatewayId, ticks } of handovers.ranked) {
      // The short way first; what comes of it is checked, and the whole way is always open.
      for (const from of keyframe.length > 0 ? [keyframe, undefined] : [undefined]) {
        try {
          this.#owner.adopt(spec, { log, check, keyframe: from, held: handovers.held });
          return true;
        } catch (err) {
          const { matchId } = spec;
          const short = from !== undefined;
          this.#log.error({ err, matchId, gatewayId, ticks, short }, "a log that was handed over does not fit");
        }
      }
    }
    return false;
  }
}
