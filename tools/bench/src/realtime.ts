// The realtime path and its competitors, measured alternately in one run: rooms of two, 30 inputs per second up and 30
// snapshots per second down for each player. Servers are pinned to one core, the load to another.
//
//   node src/realtime.ts [--matches 300, or several: 50,600] [--seconds 10] [--rounds 1] [--competitors DIR] [--profile DIR] [--busy PERCENT]
//
// --busy: a loop takes so much of the servers' core, as a slow host does.
// --profile: writes CPU profiles of gateway and shard there, and measures nothing else.
// --competitors: a folder with the competitors' programs (uws-limit/, colyseus/); default tools/bench/competitors.
import { programOptions } from "@muster/testkit/program-options";
import { paths } from "@muster/local";
import { measureMuster } from "./muster.ts";
import { findCompetitors, measureColyseus, measureRawUws } from "./competitors.ts";
import { pinned, SERVER_CORE } from "./processes.ts";
import { type Measured, printTable } from "./table.ts";

const { values } = programOptions({
  options: {
    matches: { type: "string", default: "300" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "1" },
    competitors: { type: "string" },
    profile: { type: "string" },
    busy: { type: "string" },
  },
});
const sizes = values.matches.split(",").map(Number);
const competitors = findCompetitors(values.competitors);
const results = new Map<number, Measured[]>(sizes.map((matches) => [matches, []]));
const busy =
  values.busy === undefined
    ? undefined
    : pinned(SERVER_CORE, "busy", paths.node, ["busy-core.ts", values.busy], import.meta.dirname, process.env);
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const [matches, measured] of results) {
    const work = { matches, seconds: Number(values.seconds), profileDir: values.profile };
    console.log(`round ${round}: ${matches} matches of two, ${work.seconds} s each`);
    measured.push(await measureMuster(work));
    if (!competitors || values.profile !== undefined) continue;
    measured.push(await measureRawUws(work, competitors));
    measured.push(await measureColyseus(work, competitors));
  }
}
await busy?.child.stop();
if (!competitors)
  console.log("\nCOMPETITORS NOT MEASURED: found no folder with uws-limit/ and colyseus/; set it with --competitors");
for (const measured of results.values()) printTable(measured);
