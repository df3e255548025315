// pnpm inspect GAME [options]: looks into one match of a game, without a server. Every step runs twice, the second time in a world with another
// clock and other chance, and what comes out differently is named, with the field and the line that wrote it. Says what each field costs on
// the wire. GAME: its id (packages/modes), or the path of its module. Exit code 1: the game has a problem.
//
//   --seed N           of the match (1); players' inputs follow from it too
//   --players KIND     bots, random (inputs), or mixed: bots that make mistakes. Default: mixed where the game has bots, otherwise random
//   --option NAME=N    an option of the game; may be repeated
//   --seats N          default: the most that the game has
//   --ticks N          at most so many (10000)
//   --tick N           shows that tick: inputs, what changed, from what to what, which line did it, bits
//   --json             the report, and all ticks with their states, as JSON
import { inspectMatch, type InspectedTick } from "@muster/game-kit/trial";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { findGame, gameOptionsOf, numberOf, playersOf } from "./find-game.ts";
import { reportText, tickText } from "./inspect-text.ts";

const { values, positionals } = programOptions({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    players: { type: "string" },
    option: { type: "string", multiple: true },
    seats: { type: "string" },
    ticks: { type: "string" },
    tick: { type: "string" },
    json: { type: "boolean" },
  },
});
const [word, ...more] = positionals;
if (word === undefined || more.length > 0) refuseOptions("one game");
const game = await findGame(word).catch((err: unknown) => refuseOptions((err as Error).message));
const wanted = numberOf("tick", values.tick);
const ticks: { readonly tick: InspectedTick; readonly state: object }[] = [];
const report = inspectMatch(game, {
  seed: numberOf("seed", values.seed) ?? 1,
  seats: numberOf("seats", values.seats),
  options: gameOptionsOf(values.option ?? []),
  players: playersOf(values.players),
  ticksMax: wanted ?? numberOf("ticks", values.ticks),
  onTick: (tick, state) => {
    if (values.json || tick.tick === wanted) ticks.push({ tick, state });
  },
});
if (values.json)
  console.log(JSON.stringify({ ...report, tickList: ticks.map(({ tick, state }) => ({ ...tick, state })) }));
else if (wanted !== undefined)
  console.log(
    ticks.map(({ tick, state }) => tickText(tick, state)).join("\n") || `the match ended at tick ${report.ticks}`,
  );
else console.log(reportText(report, game.tickRate));
process.exitCode = report.problems.length > 0 ? 1 : 0;
