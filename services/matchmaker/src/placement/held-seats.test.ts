import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HeldMatch, HeldSeats } from "./held-seats.ts";

function match(matchId: string, players: readonly string[], shardId = "s"): HeldMatch {
  const seats = players.map((playerId, seat) => ({ seat, playerId, playerName: playerId, bot: "" }));
  const shardAddress = `${shardId}:1`;
  return {
    matchId,
    mode: "duel",
    gameId: "duel",
    epoch: 1,
    shardId,
    shardAddress,
    seats,
    traceparent: "",
    begun: false,
    tickets: [],
  };
}

describe("held seats", () => {
  it("are free when the match is over, or when they are given up", () => {
    const seats = new HeldSeats();
    seats.hold(match("m", ["a", "b", "c"]));
    expect(seats.free("m", "s", [1])?.freed).toEqual(["b"]);
    expect([seats.of("a")?.seat, seats.of("b"), seats.of("c")?.seat]).toEqual([0, undefined, 2]);
    expect(seats.over("m", "s")?.freed).toEqual(["a", "c"]);
    expect([seats.of("a"), seats.matches]).toEqual([undefined, 0]);
  });

  it("are not held by a match that was over before its placement was done", () => {
    const seats = new HeldSeats();
    seats.over("m", "s");
    expect(seats.hold(match("m", ["a"]))).toBe(false);
    expect(seats.of("a")).toBeUndefined();
  });

  it("are of a match that never began until its shard says otherwise, for good", () => {
    const seats = new HeldSeats();
    expect(seats.neverBegun("m")).toBe(false); // nobody knows
    seats.hold(match("m", ["a"]));
    expect(seats.neverBegun("m")).toBe(true);
    seats.begin("m", "another shard");
    expect(seats.neverBegun("m")).toBe(true);
    seats.begin("m", "s");
    seats.hold(match("m", ["a"], "t")); // taken over before its players had come back
    expect(seats.neverBegun("m")).toBe(false);
  });

  it("of a shard that is gone are believed in for a while, and move with the match", () => {
    const seats = new HeldSeats();
    seats.hold(match("moves", ["a"]));
    seats.hold(match("lost", ["b"]));
    seats.shardGone("s", 1000);
    seats.hold(match("moves", ["a"], "other"));
    expect(seats.over("moves", "s")).toBeUndefined(); // a zombie says so
    expect(seats.expired(15_999)).toEqual([]);
    expect(seats.expired(16_000)).toEqual(["lost"]);
    expect(seats.of("a")?.match.shardId).toBe("other");
  });

  it("that a shard does not name when it has come back are those of matches that ended meanwhile", () => {
    const seats = new HeldSeats();
    seats.hold(match("ended", ["a"]));
    seats.hold(match("runs", ["b"]));
    seats.hold(match("elsewhere", ["c"], "other"));
    seats.shardGone("s", 0);
    seats.hold(match("runs", ["b"]));
    expect(seats.complete("s")).toEqual(["ended"]);
  });

  it("are one per player, whatever is said in whatever order, and none is left when all matches are over", () => {
    const ids = fc.constantFrom("m0", "m1", "m2", "m3");
    const event = fc.oneof(
      fc.record({ kind: fc.constant("hold" as const), id: ids, players: fc.subarray(["a", "b", "c", "d"]) }),
      fc.record({ kind: fc.constant("over" as const), id: ids }),
      fc.record({ kind: fc.constant("free" as const), id: ids, seat: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const seats = new HeldSeats();
        for (const one of events) {
          if (one.kind === "hold") seats.hold(match(one.id, one.players));
          else if (one.kind === "over") seats.over(one.id, "s");
          else seats.free(one.id, "s", [one.seat]);
          for (const player of ["a", "b", "c", "d"]) {
            const held = seats.of(player);
            if (held) expect(held.match.seats[held.seat]?.playerId).toBe(player);
          }
        }
        for (const id of ["m0", "m1", "m2", "m3"]) seats.over(id);
        expect(["a", "b", "c", "d"].map((player) => seats.of(player))).toEqual(Array(4).fill(undefined));
      }),
      { numRuns: 300 },
    );
  });
});
