// Hidden state never leaves the shard: everybody else receives the same bytes, whatever a seat's secret is.
import { flag, type Game, list, SnapshotDecoder, uint } from "@muster/game-kit";
import { newTrace } from "@muster/tracing";
import { describe, expect, it } from "vitest";
import type { Link } from "../tick/subscribers.ts";
import { InputRings } from "../tick/input-rings.ts";
import { Match } from "./match.ts";
import type { MatchOwner } from "./match-owner.ts";

const state = { round: uint(8), hands: list(2, { secret: uint(16), shown: uint(16), drawn: uint(8) }) };
const input = { show: flag() };
/** Each seat holds a secret, draws from a deck, and may show its secret to all. */
const cards: Game<typeof state, typeof input> = {
  id: "cards",
  buildId: "cards-1",
  tickRate: 30,
  seatsMin: 2,
  seatsMax: 2,
  state,
  input,
  inputMode: "event",
  options: { secretOfSecond: { default: 0, min: 0, max: 65_535 } },
  redact(s, viewer) {
    s.hands.forEach((hand, seat) => {
      if (seat === viewer) return;
      hand.secret = 0;
      hand.drawn = 0;
    });
  },
  bots: { shy: () => undefined, peeking: (s, seat) => ({ show: s.hands[1 - seat]?.secret !== 0 }) },
  init(s, { options }) {
    s.hands.forEach((hand, seat) => (hand.secret = seat === 0 ? 4711 : (options["secretOfSecond"] as number)));
  },
  step(s, inputs, { random }) {
    s.round = (s.round + 1) & 0xff;
    s.hands.forEach((hand, seat) => {
      hand.drawn = random.below(200);
      if (inputs[seat]?.show) hand.shown = hand.secret;
    });
  },
  result: () => undefined,
  forfeit: () => ({ seats: [] }),
};

class Recorder implements Link {
  readonly frames: { view: number; bytes: string }[] = [];
  readonly gatewayId: string;
  constructor(gatewayId: string) {
    this.gatewayId = gatewayId;
  }
  control(): void {}
  unseat(): void {}
  refuse(): void {}
  keyframe(_: number, view: number, frame: Uint8Array): void {
    this.frames.push({ view, bytes: Buffer.from(frame).toString("hex") });
  }
  tick(_: number, _tick: number, _check: number, _record: Uint8Array, delta: Uint8Array): void {
    if (delta.length > 0) this.frames.push({ view: 0, bytes: Buffer.from(delta).toString("hex") });
  }
  viewDelta(_: number, view: number, delta: Uint8Array): void {
    this.frames.push({ view, bytes: Buffer.from(delta).toString("hex") });
  }
}

const owner: MatchOwner<Match> = {
  inputs: new InputRings(),
  pace: { ticksPerSnapshot: 1 },
  onStart: () => undefined,
  onInput: () => undefined,
  onOver: () => undefined,
  replicaFor: () => undefined,
  onFault(_, err) {
    throw err;
  },
  guard: { enter: () => undefined, leave: () => undefined },
  onLeft: () => undefined,
};

interface Table {
  readonly match: Match;
  readonly first: Recorder;
  readonly second: Recorder;
  readonly spectators: Recorder;
}

function table(secretOfSecond: number, bot?: string): Table {
  const match = new Match(
    {
      matchId: "m",
      epoch: 1,
      mode: "cards",
      game: cards as unknown as Game,
      options: { secretOfSecond },
      seed: 5,
      players: [
        { playerId: "a", playerName: "a" },
        { playerId: "b", playerName: "b", bot },
      ],
      trace: newTrace(),
    },
    { channel: 1, watchdogSlot: 0 },
    { joinWithinMs: 60_000, graceMs: 60_000, keyframeEveryTicks: 7 },
    owner,
  );
  const [first, second, spectators] = [new Recorder("g1"), new Recorder("g2"), new Recorder("g3")];
  match.join(0, "a", { link: first, id: 1 });
  if (bot === undefined) match.join(1, "b", { link: second, id: 2 });
  match.watch(spectators);
  return { match, first, second, spectators };
}

const play = ({ match }: Table, ticks: number): void => {
  for (let i = 0; i < ticks; i++) match.tick();
};

describe("a game that redacts", () => {
  it("sends the other seat and the spectators the very same bytes, whatever a seat hides", () => {
    const [one, other] = [table(1), table(65_000)];
    for (const each of [one, other]) play(each, 30);
    expect(one.first.frames.length).toBeGreaterThan(30);
    expect(other.first.frames).toEqual(one.first.frames);
    expect(other.spectators.frames).toEqual(one.spectators.frames);
    expect(other.second.frames).not.toEqual(one.second.frames); // its owner sees it
    for (const each of [one, other]) each.match.drop();
  });

  it("shows each seat its own, and to all what is shown", () => {
    const game = table(1234);
    const decoder = (recorder: Recorder): SnapshotDecoder<typeof state> => {
      const result = new SnapshotDecoder(cards);
      for (const { bytes } of recorder.frames) result.apply(Buffer.from(bytes, "hex"));
      return result;
    };
    const secrets = (recorder: Recorder): number[] => {
      const result = decoder(recorder);
      return [...result.words];
    };
    play(game, 3);
    // round, the kit's generator, then secret, shown, drawn of each hand
    expect(secrets(game.first).slice(0, 4)).toEqual([3, 0, 4711, 0]);
    expect(secrets(game.first).slice(5, 8)).toEqual([0, 0, 0]);
    expect(secrets(game.second).slice(5, 7)).toEqual([1234, 0]);
    expect(secrets(game.spectators).slice(2)).toEqual([0, 0, 0, 0, 0, 0]);
    game.match.input(1, 1, 0, Uint8Array.of(1), 0, 1);
    play(game, 2);
    for (const recorder of [game.first, game.second, game.spectators]) expect(secrets(recorder)[6]).toBe(1234);
    game.match.drop();
  });

  it("never sends the random generator, from which the future follows", () => {
    const game = table(1);
    play(game, 20);
    for (const recorder of [game.first, game.second, game.spectators]) {
      const decoder = new SnapshotDecoder(cards);
      for (const { bytes } of recorder.frames) {
        decoder.apply(Buffer.from(bytes, "hex"));
        expect(decoder.words[1]).toBe(0);
      }
    }
    game.match.drop();
  });

  it("lets spectators come late and leave: their frames fit, and the players' do not change", () => {
    const [plain, visited] = [table(7), table(7)];
    visited.match.unwatch(visited.spectators);
    play(visited, 5);
    const late = new Recorder("g4");
    visited.match.watch(late);
    play(visited, 10);
    play(plain, 15);
    expect(visited.first.frames).toEqual(plain.first.frames);
    const decoder = new SnapshotDecoder(cards);
    for (const { bytes } of late.frames) expect(decoder.apply(Buffer.from(bytes, "hex"))).toBeDefined();
    expect(decoder.tick).toBe(15);
    for (const each of [plain, visited]) each.match.drop();
  });

  it("shows a bot what its seat may see, and no more", () => {
    const game = table(99, "peeking");
    play(game, 10);
    const decoder = new SnapshotDecoder(cards);
    for (const { bytes } of game.spectators.frames) decoder.apply(Buffer.from(bytes, "hex"));
    expect(decoder.words[6]).toBe(0); // it would have shown its own, had it seen the other's
    game.match.drop();
  });
});
