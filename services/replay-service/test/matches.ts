// Matches that were really played, as events.
import { type EventData, type EventOf, newEvent } from "@muster/events";
import { type Game, InputLog, InputRecords, inputCodecOf, packLog, Simulation } from "@muster/game-kit";
import { duel, duelBot } from "@muster/game-duel";
import { v7 as uuidv7 } from "uuid";

const OPTIONS = { rounds: 1, roundTicks: 75 };
const LOG_BYTES_MAX = 768 * 1024;

export type Ended = EventOf<"match.ended">;

/** What a test wants to be otherwise than it was played. */
export interface Changes extends Partial<EventData["match.ended"]> {
  /** Of the log, before it is packed. */
  readonly log?: (log: Uint8Array) => Uint8Array;
}

/** Two bots' duel, recorded as a shard records it. */
function play(seed: number): {
  log: Uint8Array;
  ticks: number;
  stateHash: string;
  seats: readonly { score: number; rank: number }[];
} {
  const simulation = new Simulation(duel, { seed, seats: 2, options: OPTIONS });
  const records = new InputRecords(duel as unknown as Game, 2);
  const log = new InputLog(LOG_BYTES_MAX);
  const codec = inputCodecOf(duel.input);
  const words = new Int32Array(codec.words);
  for (let tick = 1; ; tick++) {
    for (let seat = 0; seat < 2; seat++) {
      if ((tick + seat) % 3 !== 0) continue;
      codec.decode(codec.encode(duelBot(simulation.state, seat)), words);
      simulation.setInputWords(seat, words);
      records.input(seat, tick, words);
    }
    log.append(records.finish());
    const result = simulation.step();
    if (result)
      return { log: log.bytes.slice(), ticks: simulation.tick, stateHash: simulation.hash(), seats: result.seats };
  }
}

export async function endedMatch({ log: changed = (log) => log, ...changes }: Changes = {}): Promise<Ended> {
  const seed = changes.seed ?? 7;
  const { log, ticks, stateHash, seats } = play(seed);
  const packed = await packLog(changed(log));
  const time = new Date(changes.endedAt ?? Date.now());
  const data: EventData["match.ended"] = {
    matchId: uuidv7(),
    mode: "duel",
    gameId: duel.id,
    buildId: duel.buildId,
    seed,
    epoch: 1,
    createdAt: time.toISOString(),
    endedAt: time.toISOString(),
    reason: "played",
    ticks,
    stateHash,
    participants: seats.map(({ score, rank }, seat) => ({ seat, playerId: uuidv7(), score, rank })),
    options: OPTIONS,
    inputLog: Buffer.from(packed).toString("base64"),
    inputLogBytes: packed.length,
    ...changes,
  };
  return newEvent("match.ended", data, { source: "muster/match-service", time });
}

export async function packedLog(): Promise<Uint8Array> {
  return packLog(play(7).log);
}

/** The same event without these properties. */
export function without(event: Ended, ...names: (keyof Ended["data"])[]): Ended {
  const data = Object.fromEntries(Object.entries(event.data).filter(([name]) => !(names as string[]).includes(name)));
  return { ...event, data: data as unknown as Ended["data"] };
}
