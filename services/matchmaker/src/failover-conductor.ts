// Where matches run, and where they go on when their shard is lost: one answer per match and epoch, to all gateways.
// design/realtime/survival.md has the whole protocol; the database is its truth, this process only conducts.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { CancelReason, EndReason, type Match, type MatchService, MatchState } from "@muster/contracts/match/v2";
import type { RelocatedMatchSchema, RelocateMatch } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { type Component, type Bounded, BoundedMap } from "@muster/runtime";
import { formatTraceparent, newTrace } from "@muster/tracing";
import { askShard, type Sessions, type ShardSession } from "./placement/sessions.ts";
import type { LiveShard, Shards } from "./placement/shards.ts";

export interface RelocationParts {
  readonly shards: Shards;
  readonly sessions: Sessions;
  readonly matches: Client<typeof MatchService>;
  readonly allocateTimeoutMs: number;
  readonly metrics: { readonly relocations: { inc(labels: { outcome: string }): void } };
  /** No state of it was ever shown: without a log it starts from its seed. */
  neverBegun(matchId: string): boolean;
  /** A match is nowhere any more. */
  over(matchId: string): void;
  readonly now: () => number;
  readonly log: Logger;
}

export interface Relocation extends Component {
  /** The answer goes to every gateway. */
  ask(questions: readonly RelocateMatch[]): void;
  /** A shard has come: those who wait for a place are looked at again. */
  poke(): void;
  readonly bounded: Readonly<Record<string, Bounded>>;
}

type Place = MessageInitShape<typeof RelocatedMatchSchema>;

interface Question {
  readonly matchId: string;
  readonly epoch: number;
  readonly ticks: number;
  readonly lost: boolean;
  /** When it was first asked. */
  readonly since: number;
}

interface Move {
  readonly match: Match;
  readonly question: Question;
  readonly session: ShardSession;
}

/** Hundreds of gateways' messages about one dead shard are one round. */
const GATHER_MS = 10;
/** Matches per call and per message. */
const BATCH_MAX = 500;
const WAITING_RETRY_MS = 250;
/** No shard has room for so long: the match is cancelled. */
const PLACE_WITHIN_MS = 10_000;
const SHARD_ATTEMPTS_MAX = 3;
/** Moves of a match without one tick between them: it kills its shards. */
const MOVES_WITHOUT_A_TICK_MAX = 3;
/** Matches whose moves are remembered. */
const REMEMBERED_MAX = 20_000;

export function createRelocation(parts: RelocationParts): Relocation {
  const { shards, sessions, matches, log, now, metrics } = parts;
  /** Asked and not answered yet, by match. */
  const open = new Map<string, Question>();
  const waiting = new Set<string>();
  const moves = new BoundedMap<string, { ticks: number; count: number }>(REMEMBERED_MAX);
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  /** Whichever is earlier: those who wait for a place must not hold up who has one. */
  const schedule = (afterMs: number): void => {
    const at = now() + afterMs;
    if (stopped || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => {
      dueAt = Number.POSITIVE_INFINITY;
      running = running.then(round);
    }, afterMs);
  };

  const round = async (): Promise<void> => {
    waiting.clear();
    const questions = [...open.values()];
    for (let from = 0; from < questions.length; from += BATCH_MAX) {
      const batch = questions.slice(from, from + BATCH_MAX);
      try {
        await answer(batch);
      } catch (err) {
        log.error({ err, matches: batch.length }, "matches could not be relocated, trying again");
        for (const { matchId } of batch) waiting.add(matchId);
      }
    }
    if (waiting.size > 0) schedule(WAITING_RETRY_MS);
  };

  const answer = async (batch: readonly Question[]): Promise<void> => {
    const byId = await matchesOf(batch.map(({ matchId }) => matchId));
    const moving: { question: Question; match: Match }[] = [];
    const places: Place[] = [];
    for (const question of batch) {
      const match = byId.get(question.matchId);
      const place = placeOf(question, match);
      if (place) places.push(place);
      else if (match) moving.push({ question, match });
    }
    tell(places);
    if (moving.length > 0) await move(moving);
  };

  const matchesOf = async (ids: readonly string[]): Promise<ReadonlyMap<string, Match>> => {
    const byId = new Map<string, Match>();
    for (let at = 0; at < ids.length; ) {
      const page = await matches.getMatches({ matchIds: ids.slice(at), inSteps: true });
      for (const match of page.matches) byId.set(match.matchId, match);
      at = page.lookedUp === 0 ? ids.length : at + page.lookedUp;
    }
    return byId;
  };

  /** Undefined: it has to move. */
  const placeOf = (question: Question, match: Match | undefined): Place | undefined => {
    const { matchId, epoch, lost } = question;
    if (!match) return { matchId, epoch, over: "match_not_found" };
    if (match.state !== MatchState.RUNNING) return { matchId, epoch: match.epoch, ...endingOf(match) };
    const shard = shards.get(match.shardId);
    if (shard && (!lost || match.epoch > epoch)) return { matchId, epoch: match.epoch, shardAddress: shard.address };
    return undefined;
  };

  const move = async (moving: readonly { question: Question; match: Match }[]): Promise<void> => {
    const offered = await Promise.all(moving.map(({ question, match }) => offer(question, match)));
    const accepted = offered.filter((one) => one !== undefined);
    if (accepted.length === 0) return;
    const { advances } = await matches.advanceEpochs({
      matches: accepted.map(({ match, session }) => ({
        matchId: match.matchId,
        expectedEpoch: match.epoch,
        shardId: session.shard.shardId,
        leased: session.shard.renewsLeases,
      })),
    });
    const places: Place[] = [];
    for (const [i, { match, question, session }] of accepted.entries()) {
      const advance = advances[i];
      if (advance?.refused === "") {
        places.push({ matchId: match.matchId, epoch: advance.epoch, shardAddress: session.shard.address });
        sessions.shards.get(match.shardId)?.out.push(release(match.matchId)); // a zombie lets go when it wakes up
        remember(match.matchId, question.ticks);
        metrics.relocations.inc({ outcome: "moved" });
      } else {
        session.out.push(release(match.matchId));
        waiting.add(match.matchId); // it ended or moved meanwhile: the next round sees how
      }
    }
    log.info({ matches: places.length }, "matches moved");
    tell(places);
  };

  /** A shard accepts it; or it waits, or is answered otherwise. */
  const offer = async (question: Question, match: Match): Promise<Move | undefined> => {
    const { matchId } = match;
    const before = moves.get(matchId);
    if (before && before.ticks === question.ticks && before.count >= MOVES_WITHOUT_A_TICK_MAX)
      return cancel(match, "fault", "moved again and again without one tick");
    const tried = new Set([match.shardId]);
    for (let attempt = 0; attempt < SHARD_ATTEMPTS_MAX; attempt++) {
      const usable = ({ address }: LiveShard): boolean => sessions.someLinked(address);
      const shard = shards.pick(match.gameId, "", tried, { buildId: match.buildId, usable });
      const session = shard && sessions.shards.get(shard.shardId);
      if (!session) break;
      tried.add(session.shard.shardId);
      const { accepted, reason } = await askShard(allocationOf(match), session, parts.allocateTimeoutMs);
      if (accepted) return { match, question, session };
      log.warn({ matchId, shardId: session.shard.shardId, reason }, "a shard refused a match that has to move");
      session.out.push(release(matchId));
    }
    const still = shards.get(match.shardId);
    if (still && !still.draining) {
      // Nobody else can: its shard has not left us, perhaps only the link broke.
      tell([{ matchId, epoch: match.epoch, shardAddress: still.address }]);
    } else if (now() - question.since > PLACE_WITHIN_MS) {
      return cancel(match, "shard_lost", "no shard has room");
    } else {
      waiting.add(matchId);
    }
    return undefined;
  };

  const allocationOf = (match: Match): Parameters<typeof askShard>[0] => ({
    matchId: match.matchId,
    epoch: match.epoch + 1,
    mode: match.mode,
    gameId: match.gameId,
    options: { ...match.options },
    seed: match.seed,
    seats: match.participants.map(({ seat, playerId, playerName, bot }) => ({ seat, playerId, playerName, bot })),
    traceparent: formatTraceparent(newTrace()),
    recovery: { gatewayIds: [...sessions.gateways.keys()], afresh: parts.neverBegun(match.matchId) },
  });

  const cancel = async (match: Match, over: "fault" | "shard_lost", why: string): Promise<undefined> => {
    const { matchId, epoch } = match;
    log.error({ matchId, epoch, why }, "a match is given up");
    const reason = over === "fault" ? CancelReason.FAULT : CancelReason.SHARD_LOST;
    try {
      await matches.recordResult({ matchId, epoch, outcome: { case: "cancelled", value: { reason } } });
      metrics.relocations.inc({ outcome: over });
      tell([{ matchId, epoch, over }]);
    } catch (err) {
      // Not known, or it ended or moved meanwhile: the next round reads how it is. The others of this round go on.
      log.warn({ err, matchId, epoch }, "a match is not given up yet, looking again");
      waiting.add(matchId);
    }
  };

  const tell = (places: readonly Place[]): void => {
    if (places.length === 0) return;
    for (const { matchId, over } of places) {
      if (over) parts.over(matchId as string);
      open.delete(matchId as string);
      waiting.delete(matchId as string);
    }
    sessions.toGateways({ message: { case: "relocated", value: { matches: [...places] } } });
  };

  const remember = (matchId: string, ticks: number): void => {
    const before = moves.get(matchId);
    moves.set(matchId, { ticks, count: before?.ticks === ticks ? before.count + 1 : 1 });
  };

  return {
    name: "relocation",
    bounded: { moves },
    ask(questions) {
      let isNews = false;
      for (const { matchId, epoch, ticks, lost } of questions) {
        const before = open.get(matchId);
        const since = before?.since ?? now();
        // Of several gateways' questions the most urgent counts: lost, of the latest epoch, with the longest log.
        const later = before && before.epoch > epoch;
        // What waits for a place is asked again and again, by every gateway: its turn comes anyhow.
        isNews ||= !waiting.has(matchId) || epoch > (before?.epoch ?? 0) || (lost && before?.lost === false);
        open.set(matchId, {
          matchId,
          epoch: Math.max(epoch, before?.epoch ?? 0),
          ticks: Math.max(ticks, before?.ticks ?? 0),
          lost: later ? before.lost : lost || (before?.epoch === epoch && before.lost),
          since,
        });
      }
      if (isNews) schedule(GATHER_MS);
    },
    poke() {
      if (open.size > 0) schedule(0);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

function release(matchId: string): Parameters<ShardSession["out"]["push"]>[0] {
  return { message: { case: "release", value: { matchId } } };
}

function endingOf(match: Match): Place {
  if (match.cancelReason === CancelReason.SHARD_LOST) return { over: "shard_lost" };
  if (match.state !== MatchState.ENDED) return { over: "match_over" };
  const seats = match.participants.map(({ score, rank }) => ({ score: score ?? 0, rank: rank ?? 1 }));
  const reason = match.endReason === EndReason.FORFEIT ? "forfeit" : "played";
  return { over: "match_over", ended: { reason, seats, ticks: match.ticks, stateHash: match.stateHash } };
}

/** A shard that stops lets its matches go as soon as another one has room. */
export function evacuateDraining(shards: Shards, sessions: Sessions): void {
  for (const shard of shards.all) {
    if (!shard.draining || shard.evacuating) continue;
    const others = shards.all.filter((other) => other !== shard && !other.draining && roomFor(other, shard));
    if (others.length === 0) continue;
    shard.evacuating = true;
    sessions.shards.get(shard.shardId)?.out.push({ message: { case: "evacuate", value: {} } });
  }
}

/** It can simulate everything that the other one runs. Whether all of it fits, its answers will say. */
function roomFor(other: LiveShard, shard: LiveShard): boolean {
  const sameBuilds = [...shard.builds].every(([game, build]) => other.builds.get(game) === build);
  return sameBuilds && other.matches + other.given + shard.matches <= other.capacity;
}
