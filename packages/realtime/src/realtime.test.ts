import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { clientDuty, DISCONNECTS } from "./disconnects.ts";
import { REALTIME_ERRORS } from "./errors.ts";
import { QUEUE_PAUSES } from "./queue-pauses.ts";
import { encodeInput, FRAME_BYTES_MAX, readInputHeader } from "./frames.ts";
import { LINK_FRAME_BYTES_MAX, LinkReader, LinkWriter, MalformedLinkError } from "./link.ts";

const contract = (file: string): string =>
  readFileSync(new URL(`../../../contracts/realtime/${file}`, import.meta.url), "utf8");

describe("the tables of STATE-MACHINE.md", () => {
  it("have every disconnect code as the code has it, and no other", () => {
    const rows = [...contract("STATE-MACHINE.md").matchAll(/^\| (4\d{3}) \| ([^|]+) \| ([^|]+) \|/gm)].map(
      ([, code, reason, when]) => ({ code: Number(code), reason: reason?.trim(), when: when?.trim() }),
    );
    expect(rows).toEqual(Object.values(DISCONNECTS));
  });

  it("have every error code as the code has it, and no other", () => {
    const rows = [...contract("STATE-MACHINE.md").matchAll(/^\| `([a-z_]+)` \| (yes|no) \| ([^|]+) \|/gm)].map(
      ([, code, retry, message]) => [code, { retryable: retry === "yes", message: message?.trim() }],
    );
    expect(Object.fromEntries(rows)).toEqual(REALTIME_ERRORS);
  });

  it("have every reason why a queue is paused as the code has it, and no other", () => {
    const rows = [...contract("STATE-MACHINE.md").matchAll(/^\| `([a-z_]+)` \| wait \| ([^|]+) \|/gm)];
    expect(Object.fromEntries(rows.map(([, code, meaning]) => [code, meaning?.trim()]))).toEqual(QUEUE_PAUSES);
  });

  it("fit a close frame and say what a client does next", () => {
    for (const { code, reason } of Object.values(DISCONNECTS)) {
      expect(Buffer.byteLength(reason)).toBeLessThan(124);
      expect(clientDuty(code)).toBe(code < 4500 ? "reconnect" : "stop");
    }
    expect([clientDuty(1006), clientDuty(1001), clientDuty(1000)]).toEqual(["reconnect", "reconnect", "stop"]);
  });
});

describe("an input frame", () => {
  it("has the bytes of STANDARD.md", () => {
    const frame = encodeInput(0x01020304, 0x0a0b0c0d, Uint8Array.of(0xff));
    expect(Buffer.from(frame).toString("hex")).toBe("02040302010d0c0b0aff");
    expect(readInputHeader(frame, 1)).toEqual({ seq: 0x01020304, tick: 0x0a0b0c0d });
    expect(readInputHeader(frame.subarray(0, 8), 1)).toBeUndefined();
    expect(FRAME_BYTES_MAX).toBe(8192);
  });
});

describe("the link", () => {
  it("gives the same frames however the stream is cut, and writes once per turn", () => {
    const chunks: Uint8Array[] = [];
    const turns: (() => void)[] = [];
    const writer = new LinkWriter(
      (chunk) => chunks.push(chunk),
      (flush) => turns.push(flush),
      8,
    );
    const sent: string[] = [];
    for (let i = 0; i < 50; i++) {
      const body = Uint8Array.from({ length: i * 3 }, (_, k) => k + i);
      writer.numbered(3, i, body);
      writer.plain(1, body);
      sent.push(`3:${i}:${body.join()}`, `1::${body.join()}`);
    }
    expect(turns).toHaveLength(1);
    turns[0]?.();
    expect(chunks).toHaveLength(1);
    const stream = chunks[0] as Uint8Array;
    for (const step of [1, 2, 7, 64, 1000, stream.length]) {
      const got: string[] = [];
      const reader = new LinkReader((type, bytes, from, to) => {
        const body = bytes.subarray(from, to);
        const view = new DataView(body.buffer, body.byteOffset);
        got.push(type === 3 ? `3:${view.getUint32(0, true)}:${body.subarray(4).join()}` : `1::${body.join()}`);
      });
      for (let at = 0; at < stream.length; at += step) reader.push(stream.slice(at, at + step));
      expect(got).toEqual(sent);
    }
  });

  it("shows all whole frames of a chunk ahead, and none that is no frame", () => {
    const order: string[] = [];
    const reader = new LinkReader((type) => order.push(`frame ${type}`), {
      frame: (type, bytes, from) => order.push(`ahead ${type} ${bytes[from]}`),
      end: () => order.push("end"),
    });
    const frame = (type: number): number[] => [2, 0, 0, 0, type, type * 10];
    reader.push(Uint8Array.from([...frame(1), ...frame(2), ...frame(3).slice(0, 5)]));
    expect(order).toEqual(["ahead 1 10", "ahead 2 20", "end", "frame 1", "frame 2"]);
    order.length = 0;
    expect(() => reader.push(Uint8Array.from([30, 0, 0, 0, 0, 9]))).toThrow(MalformedLinkError);
    expect(order).toEqual(["ahead 3 30", "end", "frame 3"]);
  });

  it("refuses a length that no frame has", () => {
    for (const length of [0, LINK_FRAME_BYTES_MAX + 1, 0xffffffff]) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setUint32(0, length, true);
      expect(() => new LinkReader(() => undefined).push(bytes)).toThrow(MalformedLinkError);
    }
  });
});
