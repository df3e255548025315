// On the hot path, once per input: design/realtime/performance.md.
import { BitReader, BitWriter } from "./bits.ts";
import { type Codec, codecOf } from "./codec.ts";
import { type Layout, layoutOf } from "../schema/layout.ts";
import type { Fields, StateOf } from "../schema/schema.ts";

/** Converts inputs between bytes and words. A seat's input is `words` integers, decoded in place without allocation. */
export interface InputCodec<I extends Fields> {
  readonly words: number;
  /** Size of every encoded input, in bits and in whole bytes. */
  readonly bits: number;
  readonly bytes: number;
  encode(input: StateOf<I>): Uint8Array;
  /**
   * Decodes the bytes from `from` to `to` (default: all) into the words from `at` on (default 0).
   * @throws MalformedBitsError unless they are exactly one input.
   */
  decode(bytes: Uint8Array, into: Int32Array, from?: number, to?: number, at?: number): void;
  view(words: Int32Array): StateOf<I>;
}

export function inputCodecOf<I extends Fields>(fields: I): InputCodec<I> {
  const layout: Layout<I> = layoutOf(fields);
  const codec: Codec = codecOf(layout);
  const writer = new BitWriter(64);
  const reader = new BitReader(new Uint8Array(0));
  const scratch = new Int32Array(layout.words);
  const scratchView = layout.view(scratch, 0, true);
  const bits = layout.slots.reduce((sum, slot) => sum + slot.bits, 0);
  return {
    words: layout.words,
    bits,
    bytes: Math.ceil(bits / 8),
    encode(input) {
      scratch.fill(0);
      copyFields(fields, input, scratchView);
      writer.reset();
      codec.writeFull(scratch, writer);
      return writer.finish().slice();
    },
    decode(bytes, into, from = 0, to = bytes.length, at = 0) {
      reader.reset(bytes, from, to);
      codec.readFull(reader, into, at);
      reader.expectEnd();
    },
    view: (words) => layout.view(words, 0, false),
  };
}

function copyFields(fields: Fields, from: unknown, to: unknown): void {
  for (const [name, field] of Object.entries(fields)) {
    const value = (from as Record<string, unknown>)[name];
    const target = to as Record<string, unknown>;
    if (field.kind !== "list") target[name] = value;
    else
      for (let i = 0; i < field.length; i++)
        copyFields(field.fields, (value as unknown[])[i], (target[name] as unknown[])[i]);
  }
}
