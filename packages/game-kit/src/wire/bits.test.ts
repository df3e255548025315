import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitReader, BitWriter, MalformedBitsError } from "./bits.ts";

const field = fc
  .integer({ min: 1, max: 32 })
  .chain((bits) => fc.record({ bits: fc.constant(bits), value: fc.integer({ min: 0, max: 2 ** bits - 1 }) }));

describe("bits", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 200 }), (fields) => {
        const writer = new BitWriter(1);
        for (const { value, bits } of fields) writer.write(value, bits);
        const reader = new BitReader(writer.finish());
        for (const { value, bits } of fields) expect(reader.read(bits)).toBe(value);
        reader.expectEnd();
      }),
    );
  });

  it("are refused past the end, with bytes left over, and with padding that is not zero", () => {
    expect(() => new BitReader(Uint8Array.of(1)).read(9)).toThrow(MalformedBitsError);
    expect(() => new BitReader(Uint8Array.of(1, 2)).expectEnd()).toThrow(MalformedBitsError);
    const reader = new BitReader(Uint8Array.of(0b1000_0000));
    reader.read(4);
    expect(() => reader.expectEnd()).toThrow(MalformedBitsError);
  });
});
