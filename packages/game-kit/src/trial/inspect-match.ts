// A whole match inspected, and summed up: each problem once, and what each field costs.
import type { Game, GameResult } from "../game.ts";
import { type InspectedTick, Inspection, type Problem } from "./inspection.ts";
import type { PlayersKind } from "./players.ts";
import type { TrialSetup } from "./trial-match.ts";

export interface InspectionSetup extends TrialSetup {
  /** Default: until the match ends, at most 10,000. */
  readonly ticksMax?: number | undefined;
  readonly onTick?: (tick: InspectedTick, state: object) => void;
}

/** A problem of one field and line, however often it came up. */
export interface FoundProblem extends Problem {
  readonly times: number;
  readonly firstTick: number;
}

/** A field of the schema: `ships[].x` is that of all ships. */
export interface FieldCost {
  readonly path: string;
  /** How often it changed. */
  readonly changes: number;
  /** In all deltas together. */
  readonly bits: number;
}

export interface InspectionReport {
  readonly game: string;
  readonly buildId: string;
  readonly seed: number;
  readonly players: PlayersKind;
  readonly ticks: number;
  readonly hash: string;
  readonly result: GameResult | undefined;
  readonly keyframeBytes: number;
  readonly deltaBytes: number;
  readonly inputBytes: number;
  /** The most expensive first. */
  readonly fields: readonly FieldCost[];
  /** Empty for a deterministic game. */
  readonly problems: readonly FoundProblem[];
}

const TICKS_MAX = 10_000;

export function inspectMatch(game: Game, setup: InspectionSetup): InspectionReport {
  const inspection = new Inspection(game, setup);
  const { keyframeBytes } = inspection;
  const problems = new ProblemList();
  const fields = new Map<string, { changes: number; bits: number }>();
  const field = (path: string): { changes: number; bits: number } => {
    const name = path.replaceAll(/\[\d+\]/g, "[]");
    const found = fields.get(name) ?? { changes: 0, bits: 0 };
    fields.set(name, found);
    return found;
  };
  let [deltaBytes, inputBytes] = [0, 0];
  for (let i = 0; i < (setup.ticksMax ?? TICKS_MAX) && !inspection.over; i++) {
    const tick = inspection.step();
    deltaBytes += tick.bytes.delta;
    inputBytes += tick.bytes.inputs;
    for (const { path } of tick.changes) field(path).changes++;
    for (const { path, bits } of tick.bits) field(path).bits += bits;
    problems.add(tick.problems, tick.tick);
    setup.onTick?.(tick, inspection.state);
  }
  const { simulation, players } = inspection.match;
  if (!problems.has("throws")) problems.add(inspection.replayed(), simulation.tick);
  return {
    game: game.id,
    buildId: game.buildId,
    seed: setup.seed,
    players,
    ticks: simulation.tick,
    hash: simulation.hash(),
    result: inspection.result,
    keyframeBytes,
    deltaBytes,
    inputBytes,
    fields: [...fields].map(([path, cost]) => ({ path, ...cost })).toSorted((a, b) => b.bits - a.bits),
    problems: problems.all,
  };
}

/** Each problem of a line and a field of the schema once. */
export class ProblemList {
  readonly #byKey = new Map<string, { problem: Problem; times: number; firstTick: number }>();

  add(problems: readonly Problem[], tick: number): void {
    for (const problem of problems) {
      const key = JSON.stringify([
        problem.kind,
        problem.path?.replaceAll(/\[\d+\]/g, "[]"),
        problem.line,
        problem.kind === "calls" && problem.message,
      ]);
      const found = this.#byKey.get(key);
      if (found) found.times++;
      else this.#byKey.set(key, { problem, times: 1, firstTick: tick });
    }
  }

  has(kind: Problem["kind"]): boolean {
    return [...this.#byKey.values()].some(({ problem }) => problem.kind === kind);
  }

  get all(): FoundProblem[] {
    return [...this.#byKey.values()].map(({ problem, times, firstTick }) => ({ ...problem, times, firstTick }));
  }
}
