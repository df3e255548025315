// What a replay is made of. No I/O.
import { createHash } from "node:crypto";
import type { EventOf } from "@muster/events";
import { type ReplayFileHeader, replayFileOf } from "@muster/game-kit";

export interface Seat {
  readonly playerId: string;
  readonly bot?: string;
  readonly score: number;
  readonly rank: number;
}

/** What replay-service needs of an ended match. */
export interface EndedMatch {
  readonly matchId: string;
  readonly mode: string;
  readonly gameId: string;
  readonly buildId: string;
  readonly seed: number;
  /** Undefined: the event is from a release before v2.1. */
  readonly options: Readonly<Record<string, number>> | undefined;
  /** By seat. */
  readonly seats: readonly Seat[];
  readonly endReason: string;
  readonly ticks: number;
  readonly stateHash: string;
  readonly createdAt: Date;
  readonly endedAt: Date;
  /** Of the packed log; undefined: there is none. */
  readonly logBytes: number | undefined;
}

export type Verdict = "verified" | "suspect" | "unverifiable";

export interface Outcome {
  readonly verdict: Verdict;
  /** As in the event replay.verified. */
  readonly reason: string;
  /** For operators. */
  readonly detail: string;
}

export function endedMatchOf({ data }: EventOf<"match.ended">): EndedMatch {
  const { participants, inputLog, inputLogBytes, reason, createdAt, endedAt, ...same } = data;
  const { matchId, mode, gameId, buildId, seed, options, ticks, stateHash } = same;
  return {
    matchId,
    mode,
    gameId,
    buildId,
    seed,
    options,
    ticks,
    stateHash,
    seats: participants
      .toSorted((a, b) => a.seat - b.seat)
      .map(({ playerId, bot, score, rank }) => ({ playerId, ...(bot !== undefined && { bot }), score, rank })),
    endReason: reason,
    createdAt: new Date(createdAt),
    endedAt: new Date(endedAt),
    logBytes: inputLogBytes ?? (inputLog === undefined ? undefined : Buffer.from(inputLog, "base64").length),
  };
}

/** As rating-service sees it: a match with a bot or a single player is rated by nobody. */
export function isRanked({ seats }: Pick<EndedMatch, "seats">): boolean {
  return seats.length > 1 && seats.every(({ bot }) => bot === undefined);
}

/** Why it cannot be verified, as far as the event shows it. */
export function unverifiableFromTheStart({ options, logBytes, stateHash }: EndedMatch): Outcome | undefined {
  const because = (reason: string, detail: string): Outcome => ({ verdict: "unverifiable", reason, detail });
  if (options === undefined) return because("options_unknown", "the event has no options: it is from before v2.1");
  if (logBytes === undefined) return because("log_missing", "the match was stored without an input log");
  if (stateHash === "") return because("result_unknown", "the result has no state hash");
  return undefined;
}

export interface File {
  readonly content: Buffer;
  readonly hash: string;
}

/** The same match makes the same bytes. Undefined without options: nobody could play it. */
export function fileOf(match: EndedMatch, packedLog: Uint8Array): File | undefined {
  if (match.options === undefined) return undefined;
  const header: ReplayFileHeader = {
    matchId: match.matchId,
    mode: match.mode,
    gameId: match.gameId,
    buildId: match.buildId,
    seed: match.seed,
    options: match.options,
    seats: match.seats,
    reason: match.endReason,
    ticks: match.ticks,
    stateHash: match.stateHash,
    createdAt: match.createdAt.toISOString(),
    endedAt: match.endedAt.toISOString(),
  };
  const content = Buffer.from(replayFileOf(header, packedLog).buffer);
  return { content, hash: createHash("sha256").update(content).digest("base64url") };
}
