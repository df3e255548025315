import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { MatchJoinedSchema } from "@muster/contracts/realtime/v1/client";
import { duel } from "@muster/game-duel";
import { Simulation, type Snapshot, SnapshotEncoder } from "@muster/game-kit";
import { describe, expect, it } from "vitest";
import { PlayingMatch } from "./match.ts";
import { WatchedMatch } from "./watched-match.ts";

/** A shard, as far as snapshots go. */
function shard(): { simulation: Simulation<typeof duel.state, typeof duel.input>; next: () => Uint8Array } {
  const simulation = new Simulation(duel, { seed: 7, seats: 2, options: {} });
  const encoder = new SnapshotEncoder(simulation.layout, 2);
  const acks = new Uint32Array(2);
  const next = (): Uint8Array => {
    simulation.step();
    acks[0] = simulation.tick;
    if (simulation.tick > 1) return encoder.delta(simulation.tick, simulation.words, acks).slice();
    encoder.rebase(simulation.words, acks);
    return encoder.keyframe(simulation.tick, simulation.words, acks).slice();
  };
  return { simulation, next };
}

const MATCHES = {
  "that is played": () =>
    new PlayingMatch(create(MatchJoinedSchema, { matchId: "m", seats: 2, tickRate: 30 }), duel, () => undefined),
  "that is watched": () => new WatchedMatch("m", duel),
};

function everythingIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(everythingIn)];
}

describe.each(Object.entries(MATCHES))("a snapshot of a match %s", (_name, open) => {
  it("is a frozen object of its own: what came later does not change it", () => {
    const { simulation, next } = shard();
    const match = open();
    const kept: Snapshot<typeof duel.state>[] = [];
    match.onSnapshot((snapshot) => kept.push(snapshot));
    const asTheyWere: string[] = [];
    for (let tick = 1; tick <= 20; tick++) {
      match.onFrame(next());
      expect(match.latest).toBe(kept.at(-1));
      asTheyWere.push(JSON.stringify(kept.at(-1)));
      expect(kept.at(-1)?.state.ships[1]?.angle).toBe(simulation.state.ships[1]?.angle);
    }
    expect(kept.map(({ tick }) => tick)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(kept.map((snapshot) => JSON.stringify(snapshot))).toEqual(asTheyWere);
    expect(new Set(asTheyWere).size).toBe(20);
    expect(kept.map(({ acks }) => acks[0])).toEqual(kept.map(({ tick }) => tick));
    const parts = kept.flatMap(everythingIn);
    expect([new Set(parts).size, parts.every((part) => Object.isFrozen(part))]).toEqual([parts.length, true]);
    const [first] = kept as [Snapshot<typeof duel.state>];
    expect(() => (first.state.ships[0] as { x: number }).x++).toThrow(TypeError);
  });

  it("is printed, written and compared as what it is, and as the fields that the game declares", () => {
    const { next } = shard();
    const match = open();
    match.onFrame(next());
    const { state } = match.latest as Snapshot<typeof duel.state>;
    expect(Object.keys(state)).toEqual(Object.keys(duel.state));
    const printed = JSON.parse(JSON.stringify(state)) as typeof state;
    expect(printed).toEqual(state);
    expect(structuredClone(state)).toEqual(state);
    for (const shown of [
      inspect(match.latest, { depth: 9 }),
      inspect(match.view, { depth: 9 }),
      JSON.stringify(match.view),
    ])
      expect(shown).toMatch(/ships.*angle/s);
    for (const shown of [
      inspect(match.latest, { depth: 9 }),
      inspect(match.view, { depth: 9 }),
      JSON.stringify(match.view),
    ])
      expect(shown).not.toContain("$");
  });

  it("costs nothing where nobody wants one: the view is one object, and shows the newest", () => {
    const { simulation, next } = shard();
    const match = open();
    const states = new Set<object>();
    const angles: unknown[] = [];
    match.onView(({ state }) => states.add(state) && angles.push(state.ships[1]?.angle));
    const wanted: unknown[] = [];
    for (let tick = 1; tick <= 5; tick++) {
      match.onFrame(next());
      wanted.push(simulation.state.ships[1]?.angle);
    }
    expect([states.size, angles]).toEqual([1, wanted]);
    expect(match.view?.tick).toBe(5);
    expect([match.latest === match.latest, match.latest?.tick]).toEqual([true, 5]);
  });
});
