import { expect, it } from "vitest";
import { animatedWebp } from "./animated-webp.ts";

/** A file of one picture with this content, and a chunk before it that is of no use. */
function picture(content: string): Buffer {
  const size = (bytes: number): Buffer => Buffer.of(bytes, 0, 0, 0);
  const odd = [Buffer.from("VP8X"), size(3), Buffer.from("abc\0")];
  return Buffer.concat([
    Buffer.from("RIFF"),
    size(99),
    Buffer.from("WEBP"),
    ...odd,
    Buffer.from("VP8 "),
    size(content.length),
    Buffer.from(content),
  ]);
}

it("puts each picture in its place for its time, in chunks of even length", () => {
  const whole = { webp: picture("first"), x: 0, y: 0, width: 300, height: 200, durationMs: 70 };
  const part = { webp: picture("next"), x: 12, y: 6, width: 9, height: 7, durationMs: 300 };
  const file = animatedWebp(300, 200, [whole, part]);
  expect([file.readUInt32LE(4), file.length % 2]).toEqual([file.length - 8, 0]);
  const frames = [...chunksOf(file.subarray(12))];
  expect(frames.map(([name]) => name)).toEqual(["VP8X", "ANIM", "ANMF", "ANMF"]);
  const [head, , first, second] = frames.map(([, content]) => content) as [Buffer, Buffer, Buffer, Buffer];
  expect([head.readUIntLE(4, 3), head.readUIntLE(7, 3)]).toEqual([299, 199]);
  expect([0, 3, 6, 9, 12].map((at) => second.readUIntLE(at, 3))).toEqual([6, 3, 8, 6, 300]);
  expect([...chunksOf(first.subarray(16))]).toEqual([["VP8 ", Buffer.from("first")]]);
  expect(() => animatedWebp(1, 1, [{ ...whole, webp: Buffer.from("RIFF....WEBPno") }])).toThrow("not a WebP picture");
});

function* chunksOf(bytes: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    yield [bytes.toString("latin1", at, at + 4), bytes.subarray(at + 8, at + 8 + size)];
    at += 8 + size + (size % 2);
  }
}
