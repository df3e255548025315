import { duel } from "@muster/game-duel";
import { inputCodecOf } from "@muster/game-kit";
import { describe, expect, it } from "vitest";
import { InputRings } from "./input-rings.ts";
import { LinkSessions } from "../link/link-sessions.ts";
import { MatchInputs } from "./match-inputs.ts";

const codec = inputCodecOf(duel.input);
const fire = codec.encode({ left: false, right: false, thrust: false, fire: true });
const LIMITS = { waitingMax: 4, lateTicksMax: 30, earlyTicksMax: 30 };

/** A match of one seat. */
class Seat {
  readonly inputs = new MatchInputs(new InputRings(LIMITS), codec, 7, Uint32Array.of(0));

  /** The payload lies in the middle of something, as on a link. */
  accept(seq: number, wantedTick: number, payload: Uint8Array, tick: number) {
    const bytes = Uint8Array.of(9, 9, ...payload, 9);
    this.inputs.open(tick);
    return this.inputs.accept(0, seq, wantedTick, bytes, 2, 2 + payload.length);
  }

  /** @returns the sequence numbers of what is applied at this tick */
  apply(tick: number, one = false): number[] {
    const seqs: number[] = [];
    this.inputs.apply(tick, one, { applyInput: (_seat, seq) => void seqs.push(seq) });
    return seqs;
  }
}

describe("a seat's inputs", () => {
  it.each([
    { note: "as soon as possible", tick: 0, refusal: undefined },
    { note: "the next tick", tick: 100, refusal: undefined },
    { note: "a little late", tick: 70, refusal: undefined },
    { note: "too late", tick: 69, refusal: "input_too_late" },
    { note: "a little early", tick: 130, refusal: undefined },
    { note: "too early", tick: 131, refusal: "input_too_early" },
    { note: "far in the future", tick: 0xffffffff, refusal: "input_too_early" },
  ])("are taken or refused by their tick: $note", ({ tick, refusal }) => {
    expect(new Seat().accept(1, tick, fire, 100)).toBe(refusal);
  });

  it("need rising sequence numbers, the right length and zero padding; a refused one changes nothing", () => {
    const seat = new Seat();
    expect(seat.accept(5, 0, fire, 1)).toBeUndefined();
    expect(seat.accept(5, 0, fire, 1)).toBe("input_out_of_order");
    expect(seat.accept(4, 0, fire, 1)).toBe("input_out_of_order");
    for (const payload of [new Uint8Array(0), Uint8Array.of(1, 2), Uint8Array.of(0xf0)])
      expect(seat.accept(6, 0, payload, 1)).toBe("input_malformed");
    expect(seat.inputs.lastSeq(0)).toBe(5);
  });

  it("wait for their tick, in order", () => {
    const seat = new Seat();
    seat.accept(1, 3, fire, 1);
    seat.accept(2, 0, fire, 1);
    expect([seat.inputs.anyDue(2), seat.apply(2)]).toEqual([false, []]);
    expect([seat.inputs.anyDue(3), seat.apply(3)]).toEqual([true, [1, 2]]);
    expect(seat.inputs.anyDue(9)).toBe(false);
  });

  it("are applied one by one where each counts", () => {
    const seat = new Seat();
    for (let seq = 1; seq <= 3; seq++) seat.accept(seq, 0, fire, 1);
    expect([1, 2, 3, 4].map((tick) => seat.apply(tick, true))).toEqual([[1], [2], [3], []]);
  });

  it("drop the oldest at the limit and say so, round after round of the ring", () => {
    const seat = new Seat();
    for (let seq = 1; seq <= 20; seq++)
      expect(seat.accept(seq, 9, fire, 1)).toBe(seq > 4 ? "input_overflow" : undefined);
    expect(seat.apply(9)).toEqual([17, 18, 19, 20]);
    expect(seat.accept(21, 0, fire, 10)).toBeUndefined();
    expect(seat.apply(10)).toEqual([21]);
  });

  it("are refused before the match runs, once the seat has left, and once the match is over", () => {
    const inputs = new MatchInputs(new InputRings(LIMITS), codec, 7, Uint32Array.of(0, 0));
    const accept = (seat: number, seq: number) => inputs.accept(seat, seq, 0, fire, 0, fire.length);
    expect(accept(0, 1)).toBe("not_in_match");
    inputs.open(1);
    expect([accept(0, 1), accept(1, 1), accept(2, 1)]).toEqual([undefined, undefined, "not_in_match"]);
    inputs.leave(0);
    expect([accept(0, 2), accept(1, 2), inputs.anyDue(1)]).toEqual(["not_in_match", undefined, true]);
    inputs.close();
    expect(accept(1, 3)).toBe("not_in_match");
  });

  it("keep what was applied on another shard: its inputs are not taken again", () => {
    const inputs = new MatchInputs(new InputRings(LIMITS), codec, 7, Uint32Array.of(0xfffffff0));
    inputs.open(1);
    expect(inputs.accept(0, 0xfffffff0, 0, fire, 0, fire.length)).toBe("input_out_of_order");
    expect(inputs.accept(0, 0xfffffff1, 0, fire, 0, fire.length)).toBeUndefined();
  });
});

describe("the inputs of all seats", () => {
  it("are kept apart, while the array grows and rings are reused", () => {
    const all = new InputRings(LIMITS);
    const running: MatchInputs[] = [];
    for (let owner = 1; owner <= 300; owner++) {
      const match = new MatchInputs(all, codec, owner, new Uint32Array((owner % 4) + 1));
      match.open(1);
      running.push(match);
      if (owner % 3 === 0) running.splice(owner % running.length, 1)[0]?.close();
      for (const one of running) expect(one.accept(0, owner, 0, fire, 0, fire.length)).not.toBe("input_out_of_order");
      for (const one of running) {
        const seqs: number[] = [];
        one.apply(1, false, { applyInput: (seat, seq) => void seqs.push(seat, seq) });
        expect(seqs).toEqual([0, owner]);
      }
    }
  });

  it("take no more memory when matches only come and go", () => {
    const all = new InputRings(LIMITS);
    for (let owner = 1; owner <= 1000; owner++) new MatchInputs(all, codec, owner, new Uint32Array(2)).close();
    expect(all.words).toHaveLength(new InputRings(LIMITS).words.length);
  });

  it("never reach a match that reuses the ring of a match that is over", () => {
    const all = new InputRings(LIMITS);
    const link = new LinkSessions(all);
    const seated = (channel: number) => {
      const inputs = new MatchInputs(all, codec, channel, Uint32Array.of(0));
      inputs.open(1);
      const match = { channel, inputRing: () => inputs.ringOf(0), input: () => undefined };
      return { inputs, seated: { match: match as never, session: { link: undefined as never, id: 1 }, seat: 0 } };
    };
    const before = seated(1);
    link.set(1, before.seated);
    expect(link.accept(1, 1, 0, fire, 0, fire.length)).toBeUndefined();
    before.inputs.close();
    const next = seated(2);
    expect(next.inputs.ringOf(0)).toBe(before.inputs.ringOf(0));
    expect(link.accept(1, 2, 0, fire, 0, fire.length)).toBe("not_in_match");
    expect(next.inputs.anyDue(1)).toBe(false);
    link.set(1000, next.seated);
    expect(link.accept(1000, 1, 0, fire, 0, fire.length)).toBeUndefined();
    link.delete(1000);
    expect(link.accept(1000, 2, 0, fire, 0, fire.length)).toBe("not_in_match");
    expect(link.accept(5000, 1, 0, fire, 0, fire.length)).toBe("not_in_match");
  });
});
