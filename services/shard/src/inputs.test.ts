import { duel } from "@muster/game-duel";
import { inputCodecOf } from "@muster/game-kit";
import { describe, expect, it } from "vitest";
import { SeatInputs } from "./inputs.ts";

const codec = inputCodecOf(duel.input);
const fire = codec.encode({ left: false, right: false, thrust: false, fire: true });
const inputs = (): SeatInputs => new SeatInputs(codec, { waitingMax: 4, lateTicksMax: 30, earlyTicksMax: 30 });

/** The payload lies in the middle of something, as on a link. */
function accept(seat: SeatInputs, seq: number, wantedTick: number, payload: Uint8Array, tick: number) {
  const bytes = Uint8Array.of(9, 9, ...payload, 9);
  return seat.accept(seq, wantedTick, bytes, 2, 2 + payload.length, tick);
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
    expect(accept(inputs(), 1, tick, fire, 100)).toBe(refusal);
  });

  it("need rising sequence numbers, the right length and zero padding; a refused one changes nothing", () => {
    const seat = inputs();
    expect(accept(seat, 5, 0, fire, 1)).toBeUndefined();
    expect(accept(seat, 5, 0, fire, 1)).toBe("input_out_of_order");
    expect(accept(seat, 4, 0, fire, 1)).toBe("input_out_of_order");
    for (const payload of [new Uint8Array(0), Uint8Array.of(1, 2), Uint8Array.of(0xf0)])
      expect(accept(seat, 6, 0, payload, 1)).toBe("input_malformed");
    expect(seat.lastSeq).toBe(5);
  });

  it("wait for their tick, in order, and are acknowledged when applied", () => {
    const seat = inputs();
    accept(seat, 1, 3, fire, 1);
    accept(seat, 2, 0, fire, 1);
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
    for (let seq = 1; seq <= 4; seq++) expect(accept(seat, seq, 9, fire, 1)).toBeUndefined();
    expect(accept(seat, 5, 9, fire, 1)).toBe("input_overflow");
    seat.take();
    expect(seat.appliedSeq).toBe(2);
  });
});
