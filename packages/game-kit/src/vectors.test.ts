// contracts/realtime/golden/vectors.json, both ways: the kit makes these very bytes, and it reads them as the file says.
// tools/conformance reads them with a decoder that knows nothing of the kit.
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gameOf, plainOf, type Vector } from "../test/vector.ts";
import { makeVectors } from "../test/vectors.ts";
import { MalformedBitsError } from "./wire/bits.ts";
import { descriptionOf, type FieldDescription, layoutHash } from "./schema/description.ts";
import type { Game } from "./game.ts";
import { inputCodecOf } from "./wire/input-codec.ts";
import { type Field, type Fields, flag, int, list, uint } from "./schema/schema.ts";
import { SnapshotDecoder } from "./wire/snapshot.ts";

const FILE = new URL("../../../contracts/realtime/golden/vectors.json", import.meta.url);

function textOf(vectors: readonly Vector[]): string {
  // A line per frame: what has changed can be seen.
  const lines = (all: readonly unknown[]): string => `[\n${all.map((one) => JSON.stringify(one)).join(",\n")}\n]`;
  const texts = vectors.map(({ frames, inputs, ...about }) =>
    JSON.stringify(about).replace(/\}$/, `,"frames":${lines(frames)},"inputs":${lines(inputs)}}`),
  );
  return `{"protocolVersion":1,"vectors":[\n${texts.join(",\n")}\n]}\n`;
}

if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(FILE, textOf(makeVectors()));
const text = readFileSync(FILE, "utf8");
const { vectors } = JSON.parse(text) as { vectors: Vector[] };

/** A schema as the file has it, as one of the kit. The kit adds its own list by itself. */
function fieldsOf(described: readonly FieldDescription[]): Fields {
  const field = ({ type, bits = 0, movesBy, countsDown, length = 0, fields = [] }: FieldDescription): Field => {
    if (type === "flag") return flag();
    if (type === "list") return list(length, fieldsOf(fields));
    const expects = movesBy !== undefined ? { movesBy } : countsDown ? { countsDown } : {};
    return type === "int" ? int(bits, expects) : uint(bits, expects);
  };
  return Object.fromEntries(described.filter(({ name }) => name !== "kit").map((one) => [one.name, field(one)]));
}

describe("the test vectors", () => {
  it("are what the kit makes: a change of the format needs a new protocol version", () => {
    expect(textOf(makeVectors())).toBe(text);
  });

  it("have layout hashes as the example of STANDARD.md", () => {
    const standard = readFileSync(new URL("../STANDARD.md", FILE), "utf8");
    const [, state, input, hash] = /`state(\{\S+\})input(\{\S+\})` has the hash `(\w+)`/.exec(standard) ?? [];
    const described = descriptionOf(
      gameOf(
        {
          clock: uint(16, { countsDown: true }),
          ships: list(2, { v: int(9), x: uint(16, { movesBy: "v" }), hit: flag() }),
        },
        { fire: flag() },
      ),
    );
    expect(described.layoutHash).toBe(hash);
    expect([state, input]).toEqual(["{clock:u16-1,kit:[1]{rng:u32},ships:[2]{v:i9,x:u16+v,hit:flag}}", "{fire:flag}"]);
  });

  it.each(vectors)("$name: is read as the file says", ({ state, input, layoutHash: hash, frames, inputs }) => {
    expect(layoutHash(state, input)).toBe(hash);
    const fields = fieldsOf(state);
    const decoder = (): SnapshotDecoder =>
      new SnapshotDecoder({ id: "v", state: fields, input: {} } as unknown as Game);
    const receiver = decoder();
    for (const [at, one] of frames.entries()) {
      const bytes = Buffer.from(one.frame, "hex");
      if ("malformed" in one) {
        const own = decoder();
        for (const before of frames.slice(0, at)) {
          if (!("malformed" in before)) own.apply(Buffer.from(before.frame, "hex"));
        }
        expect(() => own.apply(bytes), one.frame).toThrow(MalformedBitsError);
      } else if ("dropped" in one) {
        expect(receiver.apply(bytes)).toBeUndefined();
      } else {
        const snapshot = receiver.apply(bytes);
        const { tick, acks, state: seen } = snapshot as NonNullable<typeof snapshot>;
        expect({ tick, acks: [...acks], hash: receiver.hash() }).toEqual({
          tick: one.tick,
          acks: one.acks,
          hash: one.hash,
        });
        expect(plainOf(fields, seen as never, true)).toEqual(one.state);
      }
    }
    const codec = inputCodecOf(fieldsOf(input));
    for (const { frame, seq, tick, value } of inputs) {
      const bytes = Buffer.from(frame, "hex");
      const words = new Int32Array(codec.words);
      codec.decode(bytes.subarray(9), words);
      expect(plainOf(fieldsOf(input), codec.view(words) as never)).toEqual(value);
      expect([bytes.readUInt32LE(1), bytes.readUInt32LE(5)]).toEqual([seq, tick]);
    }
  });
});
