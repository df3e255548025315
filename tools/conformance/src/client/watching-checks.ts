// Of a server: watching.
import type { Check } from "../checks.ts";
import { holds, same } from "../expect.ts";
import { type Bench, decoderOf, positive } from "./bench.ts";
import { MATCH_MS } from "./match-checks.ts";

export const WATCHING_CHECKS: readonly Check<Bench>[] = [
  {
    name: "shows a match to spectators, as late as it says, and stops when it is told to or the match is over",
    rows: ["watching/watchmatch", "watching/watchended", "watching/a-client-can-watch"],
    async run(bench) {
      const build = await bench.build(await bench.mode());
      const [one, other] = await bench.seated();
      const { socket } = await bench.connected();
      const matchId = one.matchId;
      const { kind, value } = await socket.ask("watchMatch", { matchId });
      same([kind, value["layoutHash"]], ["watching", build.layoutHash], "the answer to WatchMatch");
      const delayMs = Number(value["delayMs"]);
      positive(delayMs, "delay_ms");
      same((await socket.ask("stopWatching", {})).value["reason"], "stopped", "the answer to StopWatching");
      same((await socket.ask("watchMatch", { matchId })).kind, "watching", "the answer to WatchMatch again");
      const first = await socket.frames.take(delayMs + bench.withinMs, "keyframe of the watched match");
      const decoder = decoderOf(build);
      holds(decoder.apply(first) !== undefined, "the first frame of a watched match is no keyframe");
      holds(decoder.apply(await socket.frame()) !== undefined, "the frame after it does not follow");
      one.socket.cut(); // the match may be over already
      other.socket.cut();
      const ended = await socket.next("watchEnded", () => true, MATCH_MS);
      holds(ended.reason === "ended" || ended.reason === "cancelled", `watching ended with ${ended.reason}`);
      socket.cut();
    },
  },
];
