// The cost of spectators to the shard: the same matches without spectators, and with a thousand at one of them, measured
// alternately.
//
//   node src/spectators.ts [--spectators 1000] [--matches 50] [--seconds 8] [--rounds 3]
import { programOptions } from "@muster/testkit/program-options";
import { measureMuster } from "./muster.ts";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    spectators: { type: "string", default: "1000" },
    matches: { type: "string", default: "50" },
    seconds: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
  },
});
const work = { matches: Number(values.matches), seconds: Number(values.seconds) };
const without: number[] = [];
const watched: number[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
  console.log(`round ${round}`);
  without.push((await measureMuster(work)).shardUsPerMatchTick);
  watched.push((await measureMuster({ ...work, spectators: Number(values.spectators) })).shardUsPerMatchTick);
}
const [alone, seen] = [median(without) as number, median(watched) as number];
console.log(
  `\nshard, µs CPU per match and tick: ${alone.toFixed(2)} without, ${seen.toFixed(2)} with ${values.spectators} spectators: ratio ${(seen / alone).toFixed(2)}`,
);
process.exit();
