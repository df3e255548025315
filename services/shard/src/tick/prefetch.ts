// On the hot path, before every tick: the shard takes 0.88 of its time with it (design/realtime/performance.md, "Prefetch").
//
// Software prefetch, as far as JavaScript allows it. Between two ticks of a match, the kernel and other processes use the
// processor's caches, so a tick would load its data line by line, waiting for each. A pass that only reads one word of each
// line, for many matches in a row, does not wait: the processor fetches many lines at a time. After S. Vander Wiel and D.
// Lilja, "Data Prefetch Mechanisms" (ACM Computing Surveys 32, 2000), section 2.
//
// Data behind a reference can only be read once the reference itself is loaded. So there is one pass over all matches for
// each step of the path: what one pass reads makes the reads of the next one possible. Only this file knows the path; the
// classes along it know nothing of prefetching.
import type { InputRings } from "./input-rings.ts";
import type { TickingMatch } from "./ticking-match.ts";

/** Words of an Int32Array in a cache line of 64 bytes. */
const LINE_WORDS = 16;

/** What the reads sum up to. Exported, or the engine might prove it useless and leave the reads out. */
export let kept = 0;

/** Reads what the next tick of these matches will need. As many as fit the second-level cache with all of it. */
export function prefetchTicks(matches: readonly TickingMatch[]): void {
  const count = matches.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += itself(matches[i] as TickingMatch);
  for (let i = 0; i < count; i++) sum += itsParts(matches[i] as TickingMatch);
  for (let i = 0; i < count; i++) sum += theirArrays(matches[i] as TickingMatch);
  for (let i = 0; i < count; i++) sum += theirLines(matches[i] as TickingMatch);
  kept = sum | 0;
}

/** Reads what accepting an input for this ring will need. */
export function prefetchInput(rings: InputRings, ring: number): void {
  kept = rings.words[ring] as number;
}

function itself({ channel, running }: TickingMatch): number {
  return channel + Number(running);
}

function itsParts({ simulation, log, inputs, subscribers, views }: TickingMatch): number {
  return (
    simulation.tick +
    simulation.seats +
    log.records +
    inputs.seats +
    Number(subscribers.all !== undefined) +
    Number(views.shared)
  );
}

function theirArrays({ simulation, log, inputs, subscribers }: TickingMatch): number {
  let sum = simulation.memory.length + log.length + subscribers.all.length;
  for (let seat = 0; seat < inputs.seats; seat++) sum += inputs.rings.words[inputs.ringOf(seat)] as number;
  return sum;
}

function theirLines({ simulation, log, subscribers }: TickingMatch): number {
  const { memory } = simulation;
  let sum = log.lastByte + (subscribers.all[0]?.players ?? 0);
  for (let i = 0; i < memory.length; i += LINE_WORDS) sum += memory[i] as number;
  return sum;
}
