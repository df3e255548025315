import { duel } from "@muster/game-duel";
import { inputCodecOf } from "@muster/game-kit";
import { describe, expect, it } from "vitest";
import { SeatInputs } from "./inputs.ts";

const codec = inputCodecOf(duel.input);
const fire = codec.encode({ left: false, right: false, thrust: false, fire: true });
const inputs = (): SeatInputs => new SeatInputs(codec, { waitingMax: 4, lateTicksMax: 30, earlyTicksMax: 30 });

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
    expect(inputs().accept(1, tick, fire, 100)).toBe(refusal);
  });

  it("need rising sequence numbers, the right length and zero padding; a refused one changes nothing", () => {
    const seat = inputs();
    expect(seat.accept(5, 0, fire, 1)).toBeUndefined();
    expect(seat.accept(5, 0, fire, 1)).toBe("input_out_of_order");
    expect(seat.accept(4, 0, fire, 1)).toBe("input_out_of_order");
    for (const payload of [new Uint8Array(0), Uint8Array.of(1, 2), Uint8Array.of(0xf0)])
      expect(seat.accept(6, 0, payload, 1)).toBe("input_malformed");
    expect(seat.lastSeq).toBe(5);
  });

  it("wait for their tick, in order, and are acknowledged when applied", () => {
    const seat = inputs();
    seat.accept(1, 3, fire, 1);
    seat.accept(2, 0, fire, 1);
    expect(seat.due(2)).toBe(false);
    expect(seat.due(3)).toBe(true);
    seat.take();
    expect(seat.appliedSeq).toBe(1);
    expect(seat.due(3)).toBe(true);
    seat.take();
    expect([seat.appliedSeq, seat.due(9)]).toEqual([2, false]);
  });

  it("drop the oldest at the limit and say so", () => {
    const seat = inputs();
    for (let seq = 1; seq <= 4; seq++) expect(seat.accept(seq, 9, fire, 1)).toBeUndefined();
    expect(seat.accept(5, 9, fire, 1)).toBe("input_overflow");
    seat.take();
    expect(seat.appliedSeq).toBe(2);
  });
});
