// The shard's part of a tick, without any network: inputs, step, record, checksum, delta and link frames, in the phases of
// the real scheduler on a simulated clock. Measures the cost per match, and whether it stays the same as the number of
// matches grows.
//
//   node src/tick.ts [--matches 50,100,200,500,1000] [--ticks 600] [--rounds 3] [--json]
import { programOptions } from "@muster/testkit/program-options";
import { duel } from "@muster/game-duel";
import { type Game, inputCodecOf } from "@muster/game-kit";
import { LinkWriter } from "@muster/realtime";
import {
  type Clock,
  InputRings,
  type Link,
  Match,
  type MatchOwner,
  prefetchTicks,
  Scheduler,
  type TickingMatch,
} from "@muster/shard/testing";
import { newTrace } from "@muster/tracing";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    matches: { type: "string", default: "50,100,200,500,1000" },
    ticks: { type: "string", default: "600" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});

/** A gateway's link whose bytes go nowhere. */
class NoLink implements Link {
  readonly gatewayId = "bench";
  bytes = 0;
  readonly #writer = new LinkWriter(
    (chunk) => (this.bytes += chunk.length),
    () => undefined,
  );
  control(): void {}
  unseat(): void {}
  refuse(): void {}
  keyframe(channel: number, view: number, frame: Uint8Array): void {
    this.#writer.view(3, channel, view, frame);
  }
  tick(channel: number, tick: number, check: number, record: Uint8Array, delta: Uint8Array): void {
    this.#writer.tick(channel, tick, check, record, delta);
  }
  viewDelta(channel: number, view: number, delta: Uint8Array): void {
    this.#writer.view(7, channel, view, delta);
  }
  flush(): void {
    this.#writer.flush();
  }
}

/** Goes on when it is told to, from one timer to the next. */
class ManualClock implements Clock {
  #now = 0;
  #timer: { readonly at: number; readonly fn: () => void } | undefined;
  now(): number {
    return this.#now;
  }
  after(ms: number, fn: () => void): { cancel(): void } {
    this.#timer = { at: this.#now + ms, fn };
    return { cancel: () => (this.#timer = undefined) };
  }
  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.#timer && this.#timer.at <= until) {
      const { at, fn } = this.#timer;
      this.#timer = undefined;
      this.#now = Math.max(this.#now, at);
      fn();
    }
    this.#now = until;
  }
}

const noMetrics = { lateMs: () => undefined, skipped: () => undefined };

function ownerWith(scheduler: Scheduler<TickingMatch>): MatchOwner<Match> {
  return {
    inputs: new InputRings(),
    pace: { ticksPerSnapshot: 1 },
    onStart: (match) => scheduler.add(match.ticking),
    onInput: () => undefined,
    onOver: () => undefined,
    replicaFor: () => undefined,
    guard: { enter: () => undefined, leave: () => undefined },
    onLeft: () => undefined,
    onFault(_, err) {
      throw err;
    },
  };
}
const times = { joinWithinMs: 1e6, graceMs: 1e6, keyframeEveryTicks: 60 };
const codec = inputCodecOf(duel.input);
const TICK_RATE = duel.tickRate;

function matchesOf(count: number, link: Link, owner: MatchOwner<Match>): Match[] {
  return Array.from({ length: count }, (_, i) => {
    const match = new Match(
      {
        matchId: String(i),
        epoch: 1,
        mode: "duel",
        game: duel as unknown as Game,
        options: { rounds: 9, roundTicks: 9000 },
        seed: i + 1,
        players: ["a", "b"].map((playerId) => ({ playerId, playerName: playerId })),
        trace: newTrace(),
      },
      { channel: i + 1, watchdogSlot: i },
      times,
      owner,
    );
    match.join(0, "a", { link, id: i * 2 });
    match.join(1, "b", { link, id: i * 2 + 1 });
    return match;
  });
}

/** Microseconds per match and tick. */
function measure(count: number, ticks: number): { us: number; bytes: number } {
  const link = new NoLink();
  const clock = new ManualClock();
  const scheduler = new Scheduler<TickingMatch>(clock, noMetrics, prefetchTicks);
  const matches = matchesOf(count, link, ownerWith(scheduler));
  const frames = Array.from({ length: 128 }, (_, t) =>
    codec.encode({
      left: (t >> 4) % 2 === 0,
      right: (t >> 5) % 2 === 0,
      thrust: (t >> 3) % 2 === 0,
      fire: t % 8 === 0,
    }),
  );
  let startedAt = 0;
  const warm = Math.ceil(ticks / 4);
  for (let tick = 1; tick <= ticks + warm; tick++) {
    if (tick === warm + 1) [startedAt, link.bytes] = [performance.now(), 0];
    const frame = frames[tick % frames.length] as Uint8Array;
    for (const match of matches) {
      match.input(0, tick, 0, frame, 0, frame.length);
      match.input(1, tick, 0, frame, 0, frame.length);
    }
    clock.advance(1000 / TICK_RATE);
    link.flush();
  }
  const us = ((performance.now() - startedAt) * 1000) / ticks / count;
  const behind = matches.filter((match) => Math.abs(match.ticks - ticks - warm) > 1).length;
  if (behind > 0) throw new Error(`${behind} matches did not run ${ticks + warm} ticks`);
  for (const match of matches) match.drop();
  scheduler.stop();
  return { us, bytes: link.bytes / ticks / count };
}

const counts = values.matches.split(",").map(Number);
measure(100, 300); // the compiler's
const rounds = Array.from({ length: Number(values.rounds) }, () =>
  counts.map((count) => measure(count, Math.max(60, Math.floor((Number(values.ticks) * 200) / count)))),
);
if (values.json) {
  console.log(JSON.stringify({ us: median(rounds.flat().map(({ us }) => us)) }));
  process.exit();
}
const first = median(rounds.map((round) => round[0]?.us)) as number;
console.log("matches   µs per match and tick   ratio to first   link bytes");
for (const [i, count] of counts.entries()) {
  const us = median(rounds.map((round) => round[i]?.us)) as number;
  const bytes = median(rounds.map((round) => round[i]?.bytes)) as number;
  console.log(
    `${String(count).padStart(7)}   ${us.toFixed(2).padStart(21)}   ${(us / first).toFixed(2).padStart(12)}   ${bytes.toFixed(1).padStart(10)}`,
  );
}
