// A process of the drills: a shard or a matchmaker that has the broken game besides the installation's own games.
//   node src/broken-main.ts shard | matchmaker
import { createLogger } from "@muster/log";
import * as matchmaker from "@muster/matchmaker/testing";
import { GAMES } from "@muster/modes";
import { runProcess } from "@muster/service";
import * as shard from "@muster/shard/testing";
import { BROKEN_GAMES } from "./broken-games.ts";

const games = new Map([...GAMES, ...BROKEN_GAMES]);
const [name] = process.argv.slice(2);
const STOP_WITHIN_MS = 5000;

await runProcess({
  name: name ?? "",
  arguments: [],
  config: () => ({ log: createLogger(name ?? "", "warn"), stopWithinMs: STOP_WITHIN_MS }),
  app: () =>
    name === "shard"
      ? shard.service.createApp(shard.readConfig(process.env), { games })
      : matchmaker.service.createApp(matchmaker.readConfig(process.env, games)),
});
