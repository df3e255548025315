// No frame costs much more than the largest valid request, whatever its contents: all players share one thread, and the
// limits count messages.
import { encodeClientControl, FRAME_BYTES_MAX } from "@muster/realtime";
import { describe, expect, it } from "vitest";
import { decodeControl } from "./control-decoding.ts";

const BYTES = 2;
const ROUNDS = 60;
const numberOf = { hello: 2, enqueue: 3, ping: 7, chatSubscribe: 9 } as const;

const largest = encodeClientControl({
  requestId: 7,
  message: {
    case: "chatSubscribe",
    value: {
      cursors: Array.from({ length: 150 }, () => ({ channelId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", change: 1n })),
    },
  },
});

/** As many copies of `field` as fit. */
function stuffed(kind: keyof typeof numberOf, field: readonly number[]): Uint8Array {
  const copies = Math.floor((FRAME_BYTES_MAX - 8) / field.length);
  const length = copies * field.length;
  const head = [1, 8, 7, (numberOf[kind] << 3) | BYTES, (length & 127) | 128, length >> 7];
  return Uint8Array.from([...head, ...Array.from({ length: copies }, () => field).flat()]);
}

const UNKNOWN_VARINT = [0x78, 0];
const UNKNOWN_BYTES = [0x7a, 0];
const UNKNOWN_GROUP = [0x7b, 0x7c];
const EMPTY_ENTRY = [0x0a, 0];
const SHORT_ID_ENTRY = [0x0a, 4, 0x0a, 2, 65, 65];
const LONG_MODE = [0x0a, 0xc0, 0x3e, ...Array.from({ length: 8000 }, () => 65)];

function timed(frame: Uint8Array): number {
  const from = performance.now();
  decodeControl(frame);
  return performance.now() - from;
}

/**
 * How many times as long as the largest request `frame` takes. Of the quickest rounds, since other work makes rounds slower and never
 * quicker; in turn, so that a clock which changes its pace changes it for both.
 */
function costOf(frame: Uint8Array): number {
  let [quickest, quickestLargest] = [Infinity, Infinity];
  for (let i = 0; i < ROUNDS; i++) {
    quickestLargest = Math.min(quickestLargest, timed(largest));
    quickest = Math.min(quickest, timed(frame));
  }
  return quickest / quickestLargest;
}

describe("what a frame costs, against the largest request that is allowed", () => {
  it.each([
    { what: "a ping full of unknown numbers", frame: stuffed("ping", UNKNOWN_VARINT), times: 2 },
    { what: "a ping full of unknown texts", frame: stuffed("ping", UNKNOWN_BYTES), times: 2 },
    { what: "a ping full of unknown groups", frame: stuffed("ping", UNKNOWN_GROUP), times: 2 },
    { what: "a hello full of unknown numbers", frame: stuffed("hello", UNKNOWN_VARINT), times: 2 },
    { what: "a mode that is as long as a frame", frame: stuffed("enqueue", LONG_MODE), times: 1 },
    // 27 times as many entries as are allowed, and each is read.
    { what: "four thousand empty cursors", frame: stuffed("chatSubscribe", EMPTY_ENTRY), times: 6 },
    { what: "a thousand cursors of no channel", frame: stuffed("chatSubscribe", SHORT_ID_ENTRY), times: 6 },
  ])("$what: at most $times times as much", ({ frame, times }) => {
    expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
    costOf(frame); // both warm
    expect(costOf(frame)).toBeLessThan(times);
  });

  it("fields that this release does not know are left out, not kept", () => {
    const came = decodeControl(stuffed("ping", UNKNOWN_VARINT));
    expect(came).toMatchObject({ kind: "message", message: { message: { case: "ping" } } });
    expect(came.kind === "message" && came.message.message.value).not.toHaveProperty("$unknown");
  });
});
