// pnpm inspect GAME [options]: looks into one match of a game, without a server. Every step runs twice, the second time in a world with another
// clock and other chance, and what comes out differently is named, with the field and the line that wrote it. Says what each field costs on
// the wire. GAME: its id (packages/modes), or the path of its module.
//
// It prints the address of a page of this machine: two clients side by side, whom you, bots or chance play; the page loads the rules again
// whenever a source changes. With --report, --tick or --json it plays one match and says here what it found; exit code 1: the game has a problem.
//
//   --open             opens the page in this machine's browser
//   --port N           of the page (any free one)
//   --step-seconds N   on the page, a step that takes longer counts as one that never returns (5)
//   --seed N           of the match (1); players' inputs follow from it too
//   --option NAME=N    an option of the game; may be repeated
//   --seats N          default: the most that the game has
//
//   --report           what each field costs, and what is wrong
//   --tick N           shows that tick: inputs, what changed, from what to what, which line did it, bits
//   --json             the report, and all ticks with their states, as JSON
//   --players KIND     bots, random (inputs), or mixed: bots that make mistakes. Default: mixed where the game has bots, otherwise random
//   --ticks N          at most so many (10000)
import { inspectMatch, type InspectedTick, sourceLineOf } from "@muster/game-kit/trial";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { findGame, gameOptionsOf, numberOf, playersOf } from "./find-game.ts";
import { reportText, shownLine, tickText } from "./inspect-text.ts";

const { values, positionals } = programOptions({
  allowPositionals: true,
  options: {
    open: { type: "boolean" },
    port: { type: "string" },
    "step-seconds": { type: "string" },
    seed: { type: "string" },
    option: { type: "string", multiple: true },
    seats: { type: "string" },
    report: { type: "boolean" },
    tick: { type: "string" },
    json: { type: "boolean" },
    players: { type: "string" },
    ticks: { type: "string" },
  },
});
const [word, ...more] = positionals;
if (word === undefined || more.length > 0) refuseOptions("one game");
const wanted = numberOf("tick", values.tick);
const setup = {
  seed: numberOf("seed", values.seed) ?? 1,
  seats: numberOf("seats", values.seats),
  options: gameOptionsOf(values.option ?? []),
};
const here = values.report || values.json || wanted !== undefined;
if (!here && (values.players !== undefined || values.ticks !== undefined))
  refuseOptions("--players and --ticks belong to --report, --tick and --json");
const game = await findGame(word).catch((err: unknown) => refuseOptions((err as Error).message));
try {
  await (here ? report() : page(word));
} catch (err) {
  // As a match begins: its steps are looked into.
  const line = sourceLineOf((err as Error).stack);
  console.error(`FAIL throws: ${(err as Error).message}${line === undefined ? "" : `\n     at ${shownLine(line)}`}`);
  process.exitCode = 1;
}

async function page(name: string): Promise<void> {
  const port = numberOf("port", values.port) ?? 0;
  const stepSeconds = numberOf("step-seconds", values["step-seconds"]) ?? 5;
  const { openPage } = await import("./page/open-page.ts"); // the bundler, which a report does not need
  await openPage(name, setup, { port, stepSeconds, open: values.open ?? false });
}

function report(): void {
  const ticks: { readonly tick: InspectedTick; readonly state: object }[] = [];
  const found = inspectMatch(game, {
    ...setup,
    players: playersOf(values.players),
    ticksMax: wanted ?? numberOf("ticks", values.ticks),
    onTick: (tick, state) => {
      if (values.json || tick.tick === wanted) ticks.push({ tick, state });
    },
  });
  if (values.json)
    console.log(JSON.stringify({ ...found, tickList: ticks.map(({ tick, state }) => ({ ...tick, state })) }));
  else if (wanted === undefined) console.log(reportText(found, game.tickRate));
  else
    console.log(
      ticks.map(({ tick, state }) => tickText(tick, state)).join("\n") || `the match ended at tick ${found.ticks}`,
    );
  process.exitCode = found.problems.length > 0 ? 1 : 0;
}
