import { cancelReasons, endReasons } from "@muster/contracts/match/names";
import { type AnyEvent, decodeEvent, EVENTS, InvalidEventError, recordOf } from "@muster/events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INPUT_LOG_BYTES_MAX, matchOver } from "./events.ts";
import type { Ending, MatchRecord } from "./matches.ts";
import { EVENT_TYPES } from "./schema.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01";
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
/** Code points, as the contracts count them. */
const text = (maxLength: number) => fc.string({ unit: "binary", minLength: 1, maxLength });
const name = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
const moment = fc.date({ min: new Date("2020-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
const hash = fc.constantFrom("", "0badcafe");
const inputLogs = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.constantFrom(INPUT_LOG_BYTES_MAX - 1, INPUT_LOG_BYTES_MAX, INPUT_LOG_BYTES_MAX + 1, 196_608).map((n) => {
    return new Uint8Array(n).fill(0xff);
  }),
);

/** All that the contract of CreateMatch lets in. */
const records: fc.Arbitrary<MatchRecord> = fc.integer({ min: 1, max: 64 }).chain((seats) =>
  fc.record({
    match: fc.record({
      id: fc.uuid({ version: 7 }),
      mode: name,
      game_id: name,
      build_id: text(64),
      seed: uint32,
      epoch: uint32.map((n) => Math.max(n, 1)),
      shard_id: text(64),
      state: fc.constant("running" as const),
      created_at: moment,
      ended_at: fc.constant(null),
      end_reason: fc.constant(null),
      cancel_reason: fc.constant(null),
      ticks: fc.constant(0),
      state_hash: fc.constant(""),
      options: fc.dictionary(text(40), int32, { maxKeys: 64 }).map((options) => JSON.stringify(options)),
    }),
    participants: fc.tuple(
      ...Array.from({ length: seats }, (_, seat) =>
        fc.record({
          match_id: fc.constant(""),
          seat: fc.constant(seat),
          player_id: fc.uuid(),
          player_name: text(64),
          score: fc.constant(null),
          rank: fc.constant(null),
          bot: fc.option(text(32)),
          team: fc.option(fc.nat(63)),
          unplayed: fc.constant(0),
        }),
      ),
    ),
  }),
);

/** All that the contract of RecordResult lets in, for this match. */
const outcomes = records.chain((record) => {
  const seats = record.participants.map(() => fc.record({ score: int32, rank: fc.integer({ min: 1, max: 64 }) }));
  const ended: fc.Arbitrary<Ending> = fc.record({
    state: fc.constant("ended" as const),
    endReason: fc.constantFrom(...endReasons.all),
    cancelReason: fc.constant(null),
    ticks: uint32,
    stateHash: hash,
    seats: fc.tuple(...seats),
    unplayed: fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 64 }),
  });
  const cancelled: fc.Arbitrary<Ending> = fc.record({
    state: fc.constant("cancelled" as const),
    endReason: fc.constant(null),
    cancelReason: fc.constantFrom(...cancelReasons.all),
    ticks: uint32,
    stateHash: hash,
    seats: fc.constant([]),
    unplayed: fc.constant([]),
  });
  return fc.record({
    record: fc.constant(record),
    ending: fc.oneof(ended, cancelled),
    occasion: fc.record({ endedAt: moment, traceparent: fc.constant(TRACEPARENT), inputLog: inputLogs }),
  });
});

/** As a consumer reads it. */
function read(...args: Parameters<typeof matchOver>): AnyEvent<"match.ended" | "match.cancelled"> {
  return decodeEvent(recordOf(matchOver(...args))) as AnyEvent<"match.ended" | "match.cancelled">;
}

describe("an event of a match", () => {
  it("is what its schema says, for whatever the contract lets in", () => {
    fc.assert(
      fc.property(outcomes, ({ record, ending, occasion }) => {
        const event = read(record, ending, occasion);
        const { match, participants } = record;
        expect(event).toMatchObject({
          time: occasion.endedAt,
          source: "muster/match-service",
          traceparent: TRACEPARENT,
        });
        expect(event.type).toBe(ending.state === "ended" ? "match.ended" : "match.cancelled");
        expect(event.data).toMatchObject({ matchId: match.id, seed: match.seed, epoch: match.epoch, mode: match.mode });
        expect(event.data.reason).toBe(ending.endReason ?? ending.cancelReason);
        expect(event.data.participants.map(({ playerId }) => playerId)).toEqual(participants.map((p) => p.player_id));
      }),
    );
  });

  it("has nothing that its schema does not declare", () => {
    fc.assert(
      fc.property(outcomes, ({ record, ending, occasion }) => {
        const { type, data } = read(record, ending, occasion);
        const { properties } = EVENTS[type].schema as {
          properties: Record<string, unknown> & { participants: { items: { properties: object } } };
        };
        expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(data)));
        const ofSeat = Object.keys(properties.participants.items.properties);
        for (const one of data.participants) expect(ofSeat).toEqual(expect.arrayContaining(Object.keys(one)));
      }),
    );
  });

  it("has team, score, rank and unplayed by seat if it ended", () => {
    fc.assert(
      fc.property(outcomes, ({ record, ending, occasion }) => {
        const { data } = read(record, ending, occasion);
        expect(data.participants).toEqual(
          record.participants.map(({ seat, player_id, bot, team }, i) => ({
            seat,
            playerId: player_id,
            ...(bot === null ? {} : { bot }),
            ...(team === null || ending.state !== "ended" ? {} : { team }),
            ...ending.seats[i],
            ...(ending.unplayed.includes(seat) ? { unplayed: true } : {}),
          })),
        );
      }),
    );
  });

  it("has the input log up to 64 KiB, and its size always", () => {
    fc.assert(
      fc.property(outcomes, ({ record, ending, occasion }) => {
        const event = read(record, ending, occasion);
        if (event.type !== "match.ended") {
          expect(event.data).not.toHaveProperty("inputLogBytes");
          return;
        }
        const { inputLog, inputLogBytes, options } = event.data;
        expect(options).toEqual(JSON.parse(record.match.options));
        expect(inputLogBytes ?? 0).toBe(occasion.inputLog.length);
        const fits = occasion.inputLog.length > 0 && occasion.inputLog.length <= INPUT_LOG_BYTES_MAX;
        expect(inputLog).toBe(fits ? Buffer.from(occasion.inputLog).toString("base64") : undefined);
      }),
      { numRuns: 50 },
    );
  });

  it("is not made if it breaks its contract", () => {
    const [{ record, ending, occasion }] = fc.sample(outcomes, { numRuns: 1, seed: 1 }) as [any];
    const wrong = { ...record, match: { ...record.match, id: "not an id" } };
    expect(() => matchOver(wrong, ending, occasion)).toThrow(InvalidEventError);
  });
});

it("the outbox's column has the types that are written", () => {
  const written = fc.sample(outcomes, { numRuns: 50, seed: 1 }).map(({ record, ending, occasion }) => {
    return matchOver(record, ending, occasion).type;
  });
  expect([...new Set(written)].toSorted()).toEqual([...EVENT_TYPES].toSorted());
});
