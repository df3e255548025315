// Decides what happens to a match whose shard may be lost. Pure: no I/O, no clock. failover-conductor.ts calls it and carries
// out its decisions. design/realtime/survival.md has the whole protocol.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { CancelReason, EndReason, type Match, MatchState } from "@muster/contracts/match/v2";
import type { RelocatedMatchSchema, RelocateMatch } from "@muster/contracts/matchmaking/v2";
import { type LiveShard, pickShard } from "./placement/shards.ts";

/** What gateways ask about a match, taken together. */
export interface FailoverQuestion {
  readonly matchId: string;
  /** The latest that any of them knows of. */
  readonly epoch: number;
  /** Of the longest log. */
  readonly ticks: number;
  /** Its shard is lost to a gateway in that epoch. */
  readonly lost: boolean;
  /** When it was first asked, milliseconds. */
  readonly since: number;
}

/** Moves of a match at the same tick. */
export interface Moves {
  readonly ticks: number;
  readonly count: number;
}

/** What is known when it is decided. */
export interface FailoverSituation {
  readonly question: FailoverQuestion;
  /** The match's row; undefined: match-service has none. */
  readonly match: Match | undefined;
  readonly shards: readonly LiveShard[];
  /** Whether any gateway can reach a shard at this address. */
  readonly isLinked: (address: string) => boolean;
  readonly moves: Moves | undefined;
  /** Shards that were offered it in this round and did not accept. */
  readonly refusedBy: ReadonlySet<string>;
  readonly now: number;
}

/** Where a match is, as all gateways are told. */
export type MatchLocation = MessageInitShape<typeof RelocatedMatchSchema>;

export type FailoverDecision =
  /** It runs there, or is over. */
  | { readonly kind: "answer"; readonly location: MatchLocation }
  /** Offer it to this shard, in the next epoch. */
  | { readonly kind: "allocate"; readonly shardId: string }
  /** Nobody can take it now: ask again later. */
  | { readonly kind: "wait" }
  | { readonly kind: "cancel"; readonly reason: "fault" | "shard_lost"; readonly why: string };

const SHARD_ATTEMPTS_MAX = 3;
/** If no shard has room for this long, the match is cancelled. */
export const PLACE_WITHIN_MS = 10_000;
/** Moves of a match without one tick between them: its game ends every shard that runs it. */
export const MOVES_WITHOUT_A_TICK_MAX = 3;

export function decideFailover(situation: FailoverSituation): FailoverDecision {
  const { question, match, shards, moves, now } = situation;
  const { matchId } = question;
  if (!match) return { kind: "answer", location: { matchId, epoch: question.epoch, over: "match_not_found" } };
  const { epoch } = match;
  if (match.state !== MatchState.RUNNING) return { kind: "answer", location: { matchId, epoch, ...endingOf(match) } };
  const own = shards.find(({ shardId }) => shardId === match.shardId);
  const here = own && ({ kind: "answer", location: { matchId, epoch, shardAddress: own.address } } as const);
  // Whoever calls it lost in an earlier epoch has not heard that it moved.
  if (here && (!question.lost || epoch > question.epoch)) return here;
  if (moves?.ticks === question.ticks && moves.count >= MOVES_WITHOUT_A_TICK_MAX)
    return { kind: "cancel", reason: "fault", why: "it was moved again and again without one tick" };
  const next = nextShard(situation, match);
  if (next) return { kind: "allocate", shardId: next.shardId };
  // Nobody else can take it, and its shard has not left the matchmaker: perhaps only the link broke.
  if (here && !own.draining) return here;
  if (now - question.since > PLACE_WITHIN_MS) return { kind: "cancel", reason: "shard_lost", why: "no shard has room" };
  return { kind: "wait" };
}

/** Of several gateways' questions the most urgent counts: lost, in the latest epoch, with the longest log. */
export function mergeQuestions(
  before: FailoverQuestion | undefined,
  question: RelocateMatch,
  now: number,
): FailoverQuestion {
  const { matchId, epoch, ticks, lost } = question;
  if (!before) return { matchId, epoch, ticks, lost, since: now };
  return {
    matchId,
    epoch: Math.max(epoch, before.epoch),
    ticks: Math.max(ticks, before.ticks),
    lost: before.epoch > epoch ? before.lost : lost || (before.epoch === epoch && before.lost),
    since: before.since,
  };
}

/** After a move at so many ticks. */
export function movesAfter(before: Moves | undefined, ticks: number): Moves {
  return { ticks, count: before?.ticks === ticks ? before.count + 1 : 1 };
}

function nextShard({ shards, refusedBy, isLinked }: FailoverSituation, match: Match): LiveShard | undefined {
  if (refusedBy.size >= SHARD_ATTEMPTS_MAX) return undefined;
  return pickShard(shards, {
    gameId: match.gameId,
    buildId: match.buildId,
    except: new Set([match.shardId, ...refusedBy]),
    evenOverloaded: true,
    usable: ({ address }) => isLinked(address),
  });
}

function endingOf(match: Match): MatchLocation {
  if (match.cancelReason === CancelReason.SHARD_LOST) return { over: "shard_lost" };
  if (match.state !== MatchState.ENDED) return { over: "match_over" };
  const seats = match.participants.map(({ score, rank }) => ({ score: score ?? 0, rank: rank ?? 1 }));
  const reason = match.endReason === EndReason.FORFEIT ? "forfeit" : "played";
  return { over: "match_over", ended: { reason, seats, ticks: match.ticks, stateHash: match.stateHash } };
}
