// The matches that this shard takes over from a lost one: each waits for the logs of its gateways, then resumes where the
// longest log ends. design/realtime/survival.md has the whole protocol.
import type { Logger } from "@muster/log";
import type { Link, LinkSession } from "../tick/subscribers.ts";
import { type LogTransfer, LogTransfers } from "./log-transfers.ts";
import type { MatchSpec } from "../match/match-spec.ts";
import { MATCH_START, type ResumePoint } from "./resume-point.ts";

/** What the matchmaker knows of a match that another shard held. */
export interface Recovery {
  /** Whose logs may come. */
  readonly gatewayIds: readonly string[];
  /** No state of it was ever shown: it may start from its seed. */
  readonly afresh: boolean;
}

export interface TakeoverTimes {
  /** After the first log: how long the others are waited for. */
  readonly othersWithinMs: number;
  /** For any log at all. */
  readonly logWithinMs: number;
}

/** A player who asks for the seat before the match goes on. */
export interface PendingJoin {
  readonly seat: number;
  readonly playerId: string;
  readonly session: LinkSession;
  readonly lastMatchSeq: number;
  /** Called with why not, or with nothing once seated. */
  answer(refusal: string | undefined): void;
}

export interface TakeoverOwner {
  /** @throws when the log does not lead to this match. */
  takeOver(spec: MatchSpec, resumePoint: ResumePoint): void;
  /** No log came, or none that fits. */
  lost(spec: MatchSpec): void;
  /** The match is there now, or is not. */
  join(spec: MatchSpec, join: PendingJoin): void;
}

interface Takeover {
  readonly spec: MatchSpec;
  readonly transfers: LogTransfers;
  readonly afresh: boolean;
  readonly joins: PendingJoin[];
  /** Gateways with spectators: told when it is decided, whichever way. */
  readonly watchers: Map<Link, () => void>;
  timer: NodeJS.Timeout;
}

/** Joins that wait per match: its seats, a few times over. */
const JOINS_MAX = 256;

export class Takeovers {
  readonly #byId = new Map<string, Takeover>();
  readonly #times: TakeoverTimes;
  readonly #owner: TakeoverOwner;
  readonly #log: Logger;

  constructor(times: TakeoverTimes, owner: TakeoverOwner, log: Logger) {
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
      if (before.transfers.size === 0) before.timer.refresh();
      return;
    }
    this.drop(spec.matchId); // it has been another shard's since: logs come for the later epoch only
    const { othersWithinMs, logWithinMs } = this.#times;
    // Where there should be no log, one is waited for no longer than after a first one.
    const timer = setTimeout(() => this.#decide(takeover), afresh ? othersWithinMs : logWithinMs);
    const transfers = new LogTransfers(gatewayIds);
    const takeover: Takeover = { spec, transfers, afresh, joins: [], watchers: new Map(), timer };
    this.#byId.set(spec.matchId, takeover);
  }

  /** A log that arrives too late, or for another shard's match, is ignored. */
  transferLog(matchId: string, epoch: number, transfer: LogTransfer): void {
    const takeover = this.#byId.get(matchId);
    if (!takeover || takeover.spec.epoch !== epoch) return;
    takeover.transfers.add(transfer);
    if (takeover.transfers.complete) return this.#decide(takeover);
    if (takeover.transfers.size > 1) return;
    clearTimeout(takeover.timer);
    takeover.timer = setTimeout(() => this.#decide(takeover), this.#times.othersWithinMs);
  }

  gatewayGone(gatewayId: string): void {
    for (const takeover of this.#byId.values()) {
      takeover.transfers.gone(gatewayId);
      if (takeover.transfers.complete) this.#decide(takeover);
    }
  }

  join(matchId: string, join: PendingJoin): void {
    const takeover = this.#byId.get(matchId);
    if (!takeover || takeover.joins.length >= JOINS_MAX) return join.answer("match_not_found");
    takeover.joins.push(join);
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
    const takeover = this.#byId.get(matchId);
    if (!takeover) return false;
    clearTimeout(takeover.timer);
    this.#byId.delete(matchId);
    for (const join of takeover.joins) join.answer("match_not_found");
    for (const decided of takeover.watchers.values()) decided();
    return true;
  }

  stop(): void {
    for (const matchId of this.#byId.keys()) this.drop(matchId);
  }

  #decide(takeover: Takeover): void {
    const { spec, transfers, joins, watchers, timer } = takeover;
    clearTimeout(timer);
    this.#byId.delete(spec.matchId);
    if (!this.#resumed(spec, transfers) && !this.#startedAfresh(takeover)) this.#owner.lost(spec);
    for (const join of joins) this.#owner.join(spec, join);
    for (const decided of watchers.values()) decided();
  }

  /** A log of anything that was played means that it was shown, whoever knows better. */
  #startedAfresh({ spec, transfers, afresh }: Takeover): boolean {
    if (!afresh || transfers.ranked.some(({ ticks }) => ticks > 0)) return false;
    try {
      this.#owner.takeOver(spec, MATCH_START);
      return true;
    } catch (err) {
      this.#log.error({ err, matchId: spec.matchId }, "a match that had not begun could not be set up");
      return false;
    }
  }

  /** The longest log counts; a damaged one is passed over. */
  #resumed(spec: MatchSpec, transfers: LogTransfers): boolean {
    for (const { log, checksum, keyframe, gatewayId, ticks } of transfers.ranked) {
      // The short way first; what comes of it is checked, and the whole way is always open.
      for (const from of keyframe.length > 0 ? [keyframe, undefined] : [undefined]) {
        try {
          this.#owner.takeOver(spec, { log, checksum, keyframe: from, recordsByGateway: transfers.recordsByGateway });
          return true;
        } catch (err) {
          this.#log.error(
            { err, matchId: spec.matchId, gatewayId, ticks, short: from !== undefined },
            "the input log that a gateway transferred does not restore the match",
          );
        }
      }
    }
    return false;
  }
}
