// Proves that nothing was lost: each match's stored replay is simulated again without interruption, and compared with what
// its players saw and with the stored result.
import { MatchService, MatchState } from "@muster/contracts/match/v2";
import { duel } from "@muster/game-duel";
import { type Game, LogPlayer, recordsOf, Simulation, unpackLog } from "@muster/game-kit";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient } from "@muster/rpc";
import type { DrillPlayer, Spectator } from "./players.ts";

export interface Proof {
  /** What is wrong, a line each; empty when everything was kept. */
  readonly problems: string[];
  /** States that players saw and that were compared. */
  readonly compared: number;
  /** Matches by the epoch under which they ended. */
  readonly epochs: Readonly<Record<number, number>>;
  readonly replayBytesMax: number;
}

const STORED_WITHIN_MS = 15_000;

export async function proveKept(matchUrl: string, players: readonly DrillPlayer[]): Promise<Proof> {
  const service = createRpcClient({ service: MatchService, baseUrl: matchUrl, dependency: anyMethods(5000) });
  const problems: string[] = [];
  const epochs: Record<number, number> = {};
  let [compared, replayBytesMax] = [0, 0];
  for (const [matchId, seats] of Map.groupBy(players, (player) => player.matchId)) {
    const ends = await Promise.all(seats.map((player) => player.ended));
    for (const [i, end] of ends.entries())
      if (end.kind !== "ended")
        problems.push(`${matchId}: seat ${seats[i]?.seat} was told ${end.kind} (${end.reason})`);
    const stored = await storedReplay(service.call, matchId);
    if (!stored) {
      problems.push(`${matchId}: no result was stored`);
      continue;
    }
    const { match, inputLog } = stored;
    epochs[match.epoch] = (epochs[match.epoch] ?? 0) + 1;
    replayBytesMax = Math.max(replayBytesMax, inputLog.length);
    const truth = simulated(match, await unpackLog(inputLog));
    if (truth.hash !== match.stateHash)
      problems.push(
        `${matchId}: the replayed log ends in state ${truth.hash}, the stored result says ${match.stateHash}`,
      );
    for (const [seat, participant] of match.participants.entries())
      if (participant.score !== truth.scores[seat])
        problems.push(`${matchId}: the stored score of seat ${seat} differs from the replay`);
    for (const player of seats) {
      for (const [tick, hash] of player.seen) {
        compared++;
        if (tick > 0 && truth.hashes[tick] !== hash)
          problems.push(
            `${matchId}: at tick ${tick} seat ${player.seat} saw state ${hash}, the replay has ${truth.hashes[tick]}`,
          );
      }
      for (const [tick, seq] of player.acked)
        if (tick > 0 && truth.seqs[tick]?.[player.seat] !== seq)
          problems.push(
            `${matchId}: input ${seq} of seat ${player.seat} was applied at tick ${tick} but is missing from the log`,
          );
    }
  }
  await service.stop?.();
  return { problems, compared, epochs, replayBytesMax };
}

/** What a spectator saw is what the players saw, up to the end. */
export function proveSight({ matchId, seen }: Spectator, players: readonly DrillPlayer[]): string[] {
  const own = players.filter((player) => player.matchId === matchId);
  const last = Math.max(...own.flatMap((player) => [...player.seen.keys()]));
  const problems = [...seen].flatMap(([tick, hash]) => {
    const other = own.find((player) => player.seen.has(tick))?.seen.get(tick);
    return other === undefined || other === hash
      ? []
      : [`${matchId}: at tick ${tick} a spectator saw state ${hash}, a player saw ${other}`];
  });
  if (!seen.has(last))
    problems.push(`${matchId}: the spectator saw nothing after tick ${Math.max(...seen.keys())} of ${last}`);
  return problems;
}

type Call = ReturnType<typeof createRpcClient<typeof MatchService>>["call"];

async function storedReplay(
  call: Call,
  matchId: string,
): Promise<{ match: NonNullable<Awaited<ReturnType<Call["getMatch"]>>["match"]>; inputLog: Uint8Array } | undefined> {
  const deadline = performance.now() + STORED_WITHIN_MS;
  while (performance.now() < deadline) {
    const { match } = await call.getMatch({ matchId });
    if (match?.state === MatchState.ENDED) return { match, inputLog: (await call.getReplay({ matchId })).inputLog };
    if (match?.state === MatchState.CANCELLED) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}

function simulated(
  match: { seed: number; options: Readonly<Record<string, number>>; participants: readonly unknown[] },
  log: Uint8Array,
): { hashes: string[]; seqs: Uint32Array[]; hash: string; scores: (number | undefined)[] } {
  const simulation = new Simulation(duel as unknown as Game, {
    seed: match.seed,
    seats: match.participants.length,
    options: match.options,
  });
  const player = new LogPlayer(simulation);
  const [hashes, seqs] = [[simulation.hash()], [player.seqs.slice()]];
  for (const record of recordsOf(log)) {
    player.play(record);
    hashes.push(simulation.hash());
    seqs.push(player.seqs.slice());
  }
  const scores = player.result?.seats.map((seat) => seat.score) ?? [];
  return { hashes, seqs, hash: simulation.hash(), scores };
}
