// Many matches of a game, as fast as they go, and what is wrong with them.
import type { Game, GameOptions, GameResult } from "../game.ts";
import { SnapshotEncoder } from "../wire/snapshot.ts";
import { hashWords } from "../wire/state-hash.ts";
import { Random } from "../engine/random.ts";
import type { PlayersKind } from "./players.ts";
import { sourceLineOf } from "./source-line.ts";
import { TrialMatch } from "./trial-match.ts";

export interface SoakSetup {
  readonly matches: number;
  /** The first match's seed; each further match has the next one. */
  readonly seed: number;
  readonly seats?: number | undefined;
  readonly options?: GameOptions | undefined;
  readonly players?: PlayersKind | undefined;
  /** A longer match counts as endless. Default: 15 minutes of a game with a clock, 10,000 steps without. */
  readonly stepsMax?: number | undefined;
  /** By how many percentage points a seat may win too often or too rarely, for certain. Default: 10 with a clock; without, whoever moves first may have any advantage. */
  readonly biasMaxPoints?: number | undefined;
  /** How many percent of the matches may be draws. Default: all. */
  readonly drawsMaxPercent?: number | undefined;
  /** Called before each step: whoever waits for this knows where a step did not return. */
  readonly onStep?: (seed: number, tick: number) => void;
}

export interface SoakFault {
  /** `pnpm soak GAME --matches 1 --seed SEED` repeats it. */
  readonly seed: number;
  readonly tick: number;
  readonly message: string;
  /** How many matches had the same fault, with this one, which was the first. */
  readonly matches: number;
}

/** What one match sends and keeps, in bytes; without the frames of WebSocket and TCP. */
export interface MatchBytes {
  /** One keyframe: the whole state. */
  readonly keyframe: number;
  /** All deltas, to one player. */
  readonly deltas: number;
  /** All inputs, of all players. */
  readonly inputs: number;
  readonly log: number;
}

export interface SeatShare {
  /** Of the matches that somebody won: how many this seat did, in percent; a first rank that several share counts in parts. */
  readonly percent: number;
  /** With 99 % confidence it lies between these two. */
  readonly low: number;
  readonly high: number;
}

export interface SoakReport {
  readonly game: string;
  readonly buildId: string;
  readonly seed: number;
  readonly matches: number;
  readonly players: PlayersKind;
  /** The first one of each kind. */
  readonly crashes: readonly SoakFault[];
  readonly endless: readonly SoakFault[];
  /** Rough matches that ended as they should. */
  readonly rough: number;
  /** Matches that are neither of these and not rough: what follows is about them. */
  readonly counted: number;
  readonly draws: number;
  /** How many ended in another state than all before. */
  readonly distinct: number;
  readonly seats: readonly SeatShare[];
  readonly ticks: Spread;
  readonly bytes: { readonly [K in keyof MatchBytes]: Spread };
  /** Empty if the game passes. */
  readonly problems: readonly string[];
}

export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** One match in so many is rough: its players break the rules, do not answer and leave. */
const ROUGH_EVERY = 8;
/** Of each list, the first kinds. */
const FAULTS_KEPT = 20;
const CLOCK_SECONDS_MAX = 900;
const TURNS_STEPS_MAX = 10_000;
/** An input's frame: contracts/realtime/STANDARD.md. */
const INPUT_HEADER_BYTES = 9;
/** Two-sided, 99 %. */
const Z = 2.576;

type Fault = Omit<SoakFault, "matches">;

interface Played {
  readonly result: GameResult;
  readonly ticks: number;
  readonly hash: string;
  readonly bytes: MatchBytes;
}

export function soak(game: Game, setup: SoakSetup): SoakReport {
  const stepsMax = setup.stepsMax ?? (game.tickRate > 0 ? game.tickRate * CLOCK_SECONDS_MAX : TURNS_STEPS_MAX);
  const [crashes, endless, played]: [Fault[], Fault[], Played[]] = [[], [], []];
  let players: PlayersKind = "random";
  for (let i = 0; i < setup.matches; i++) {
    const seed = (setup.seed + i) >>> 0;
    const rough = isRough(seed);
    let match: TrialMatch | undefined;
    try {
      match = new TrialMatch(game, { ...setup, seed, rough });
      players = match.players;
      const one = play(match, stepsMax, (tick) => setup.onStep?.(seed, tick));
      if (!one) endless.push({ seed, tick: stepsMax, message: `no result after ${stepsMax} steps` });
      else if (!rough) played.push(one);
    } catch (err) {
      crashes.push({ seed, tick: (match?.simulation.tick ?? -1) + 1, message: textOf(err) });
    }
  }
  return reportOf(game, setup, players, { crashes, endless, played });
}

/** By its seed alone, so that it can be repeated alone. */
function isRough(seed: number): boolean {
  const rng = new Random({ words: new Int32Array(1) }, 0);
  rng.seed(seed ^ 0x2545f491);
  return rng.below(ROUGH_EVERY) === 0;
}

/** @returns undefined for a match without end */
function play(match: TrialMatch, stepsMax: number, onStep: (tick: number) => void): Played | undefined {
  const { simulation, acks } = match;
  const { game, seats, layout } = simulation;
  const seen = game.redact ? new Int32Array(layout.words) : simulation.words;
  const redact = game.redact && simulation.redactor(seen);
  const frames = new SnapshotEncoder(layout, seats);
  redact?.(0);
  const keyframe = frames.keyframe(0, seen, acks).length;
  frames.rebase(seen, acks);
  let [deltas, log] = [0, 0];
  while (simulation.tick < stepsMax) {
    onStep(simulation.tick + 1);
    const result = match.step();
    redact?.(0);
    deltas += frames.delta(simulation.tick, seen, acks).length;
    log += match.record.length;
    if (!result) continue;
    const inputs = acks.reduce((sum, n) => sum + n, 0) * (INPUT_HEADER_BYTES + simulation.input.bytes);
    return { result, ticks: simulation.tick, hash: hashOf(simulation), bytes: { keyframe, deltas, inputs, log } };
  }
  return undefined;
}

/** Of the end, but for the random generator, which every seed sets differently. */
function hashOf({ layout, words, tick }: TrialMatch["simulation"]): string {
  return hashWords(
    words.map((word, i) => (layout.slots[i]?.path === "kit[0].rng" ? 0 : word)),
    tick,
  );
}

function textOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const line = sourceLineOf(err.stack);
  return line === undefined ? err.message : `${err.message} (${line})`;
}

function reportOf(
  game: Game,
  setup: SoakSetup,
  players: PlayersKind,
  found: { crashes: Fault[]; endless: Fault[]; played: Played[] },
): SoakReport {
  const { crashes, endless, played } = found;
  const won = played.filter(({ result }) => result.seats.some(({ rank }) => rank > 1));
  const count = setup.seats ?? game.seatsMax;
  const seats = Array.from({ length: count }, (_, seat) => shareOf(won, seat));
  const draws = played.length - won.length;
  const problems: string[] = [];
  if (crashes.length > 0) problems.push(`${crashes.length} matches crashed`);
  if (endless.length > 0) problems.push(`${endless.length} matches did not end`);
  const biasMax = setup.biasMaxPoints ?? (game.tickRate > 0 ? 10 : 100);
  for (const [seat, { percent, low, high }] of seats.entries()) {
    const even = 100 / count;
    if (low > even + biasMax || high < even - biasMax)
      problems.push(
        `seat ${seat} wins ${percent.toFixed(1)} % instead of ${even.toFixed(1)} %: more than ${biasMax} points off, for certain`,
      );
  }
  const drawn = played.length > 0 ? (100 * draws) / played.length : 0;
  if (drawn > (setup.drawsMaxPercent ?? 100)) problems.push(`${drawn.toFixed(1)} % of the matches are draws`);
  const bytesOf = (which: keyof MatchBytes): Spread => spreadOf(played.map(({ bytes }) => bytes[which]));
  return {
    game: game.id,
    buildId: game.buildId,
    seed: setup.seed,
    matches: setup.matches,
    players,
    crashes: kindsOf(crashes),
    endless: kindsOf(endless),
    rough: setup.matches - crashes.length - endless.length - played.length,
    counted: played.length,
    draws,
    distinct: new Set(played.map(({ hash }) => hash)).size,
    seats,
    ticks: spreadOf(played.map(({ ticks }) => ticks)),
    bytes: { keyframe: bytesOf("keyframe"), deltas: bytesOf("deltas"), inputs: bytesOf("inputs"), log: bytesOf("log") },
    problems,
  };
}

/** One fault that every match has is said once. */
function kindsOf(faults: readonly Fault[]): SoakFault[] {
  const kinds = Map.groupBy(faults, ({ message }) => message);
  return [...kinds.values()].slice(0, FAULTS_KEPT).map((same) => ({ ...(same[0] as Fault), matches: same.length }));
}

/** The share of a seat, with Wilson's interval (E. B. Wilson, 1927), which also holds near 0 and 1. */
function shareOf(won: readonly Played[], seat: number): SeatShare {
  const n = won.length;
  if (n === 0) return { percent: 0, low: 0, high: 100 };
  let wins = 0;
  for (const { result } of won) {
    const first = result.seats.filter(({ rank }) => rank === 1).length;
    if (result.seats[seat]?.rank === 1) wins += 1 / first;
  }
  const p = wins / n;
  const centre = (p + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return { percent: 100 * p, low: 100 * (centre - half), high: 100 * (centre + half) };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { least: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, most: sorted.at(-1) ?? 0 };
}
