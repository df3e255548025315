// Any sequence of requests with idempotency keys, over two replicas of edge-api and one identity-service: nothing final is carried out twice, and all who
// ask again get the first answer.
import { type Once, createOnce } from "@muster/edge-api/testing";
import { commonError } from "@muster/errors";
import { IdentityService } from "@muster/contracts/identity/v2";
import { service } from "@muster/identity-service/testing";
import { createMetrics } from "@muster/runtime";
import { describeWithMariadb, LogLines, type ServiceHarness, startService } from "@muster/testkit";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";

const DEADLINE_MS = 5000;
/** Longer than a key is held for one attempt. */
const LEASE_S = 8;
const DAY_S = 24 * 3600 + 1;
const KEYS_OF_PLAYER_MAX = 500;

type Step =
  | {
      readonly kind: "ask";
      readonly key: number;
      readonly body: number;
      readonly how: "answer" | "refuse" | "fail" | "crash";
    }
  | { readonly kind: "at once"; readonly key: number; readonly body: number }
  | { readonly kind: "wait"; readonly s: number };

const key = fc.integer({ min: 0, max: 1 });
const body = fc.integer({ min: 0, max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      key,
      body,
      how: fc.constantFrom("answer", "refuse", "fail", "crash"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("at once" as const), key, body }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), s: fc.constantFrom(1, LEASE_S, DAY_S) }) },
);

/** What a key is, by the model. */
interface Kept {
  readonly body: number;
  readonly endsAt: number;
  readonly answer?: string;
  readonly heldUntil: number;
}

describeWithMariadb("requests with idempotency keys", () => {
  let harness: ServiceHarness<typeof IdentityService, object>;
  let once: readonly Once[];
  const log = new LogLines().logger("edge-api");
  const replica = (settles: boolean): Once =>
    createOnce({
      identity: settles
        ? harness.call
        : { ...harness.call, claimIdempotencyKey: harness.call.claimIdempotencyKey, settleIdempotencyKey: crash },
      deadlineMs: DEADLINE_MS,
      known: new Set(["not_allowed", "unavailable"]),
      metrics: createMetrics("test"),
      log,
    });
  const crash = (): Promise<never> => Promise.reject(new Error("the process is gone"));
  beforeAll(async () => {
    harness = (await startService(service, IdentityService, {
      env: { IDENTITY_KEY_ENCRYPTION_KEY: "5a".repeat(32), IDENTITY_AUDIT_KEY: "a0".repeat(32) },
    })) as never;
    once = [replica(true), replica(true)];
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  const asked = (playerId: string, keyNo: number, bodyNo: number) => ({
    playerId,
    operationId: "createThing",
    key: `key-${keyNo}`,
    params: {},
    query: {},
    body: { bodyNo },
  });

  it("are carried out once, whatever is lost, repeated or crashes in between", async () => {
    let run = 0;
    let clockS = 0;
    let serial = 0;
    const advance = (s: number): void => {
      clockS += s;
      harness.advance(s);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const playerId = `01a20ab2-2d4a-7326-a77a-${String(run++).padStart(12, "0")}`;
        const model = new Map<number, Kept>();
        for (const one of steps) {
          if (one.kind === "wait") {
            advance(one.s);
            continue;
          }
          const before = model.get(one.key);
          const kept = before && before.endsAt > clockS ? before : undefined;
          const told = `answer ${++serial}`;
          let calls = 0;
          const carryOut = async () => {
            calls++;
            if (one.kind === "ask" && one.how === "fail") throw commonError("unavailable");
            return { status: one.kind === "ask" && one.how === "refuse" ? 404 : 200, body: told };
          };
          const crashes = one.kind === "ask" && one.how === "crash";
          const attempts = one.kind === "at once" ? 4 : 1;
          const given = await Promise.all(
            Array.from({ length: attempts }, (_, i) =>
              (crashes ? replica(false) : once[i % 2]!)(asked(playerId, one.key, one.body), carryOut).then(
                (answer) => answer.body,
                (err: { answer?: { code: string }; code?: string }) =>
                  err.answer?.code ?? err.code ?? "no error of ours",
              ),
            ),
          );
          const isHeld = kept !== undefined && kept.answer === undefined && kept.heldUntil > clockS;
          if (kept && kept.body !== one.body) expect([given, calls]).toEqual([given.map(() => "key_reused"), 0]);
          else if (kept?.answer !== undefined) expect([given, calls]).toEqual([given.map(() => kept.answer), 0]);
          else if (isHeld) expect([given, calls]).toEqual([given.map(() => "request_in_flight"), 0]);
          else {
            expect(calls).toBe(1);
            const allowed = new Set([told, ...(attempts > 1 ? ["request_in_flight"] : [])]);
            if (one.kind === "ask" && one.how === "fail") expect(given).toEqual(["unavailable"]);
            else for (const answer of given) expect(allowed).toContain(answer);
            const endsAt = kept?.endsAt ?? clockS + DAY_S - 1;
            if (one.kind === "ask" && one.how === "fail") model.delete(one.key);
            else if (crashes) model.set(one.key, { body: one.body, endsAt, heldUntil: clockS + LEASE_S - 1 });
            else model.set(one.key, { body: one.body, endsAt, answer: told, heldUntil: 0 });
          }
        }
      }),
      { numRuns: 40, seed: 11 },
    );
  }, 30_000);

  it("are a player's: the same key of another one is another key", async () => {
    const ask = (playerId: string) => once[0]!(asked(playerId, 1, 1), async () => ({ status: 200, body: playerId }));
    for (const last of ["a", "b"]) {
      const playerId = `01a20ab2-2d4a-7326-a77a-${last.repeat(12)}`;
      expect(await ask(playerId)).toEqual({ status: 200, body: playerId, replayed: false });
    }
  });

  it("who has taken over a key that was held for too long is not overwritten by who held it", async () => {
    const playerId = "01a20ab2-2d4a-7326-a77a-cccccccccccc";
    const gate = Promise.withResolvers<void>();
    const slow = once[0]!(asked(playerId, 1, 1), async () => {
      await gate.promise;
      return { status: 200, body: "late" };
    });
    await expect
      .poll(
        async () => (await sql`select 1 from idempotency_keys where player_id = ${playerId}`.execute(harness.db)).rows,
      )
      .toHaveLength(1);
    harness.advance(LEASE_S);
    const ask = () => once[1]!(asked(playerId, 1, 1), async () => ({ status: 200, body: "in time" }));
    expect(await ask()).toMatchObject({ body: "in time", replayed: false });
    gate.resolve();
    expect(await slow).toMatchObject({ body: "late" });
    expect(await ask()).toMatchObject({ body: "in time", replayed: true });
  });

  it.each(["answers", "fails"])(
    "who held a key for too long and %s then does not touch the attempt that took it over",
    async (how) => {
      const playerId = `01a20ab2-2d4a-7326-a77a-${(how === "fails" ? "e" : "f").repeat(12)}`;
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      const ask = (replicaNo: number, gate: Promise<void>, told: string) =>
        once[replicaNo]!(asked(playerId, 1, 1), async () => {
          begun++;
          await gate;
          if (told === "fails") throw commonError("unavailable");
          return { status: 200, body: told };
        });
      let begun = 0;
      const slow = ask(0, gates[0].promise, how).catch(() => undefined);
      await expect.poll(() => begun).toBe(1);
      harness.advance(LEASE_S);
      const second = ask(1, gates[1].promise, "in time");
      await expect.poll(() => begun).toBe(2);
      gates[0].resolve();
      await slow;
      const third = ask(0, Promise.resolve(), "third");
      await expect(third).rejects.toMatchObject({ answer: { code: "request_in_flight" } });
      gates[1].resolve();
      await second;
      expect(await ask(0, Promise.resolve(), "fourth")).toMatchObject({ body: "in time", replayed: true });
    },
  );

  it("are bounded by player: one more is refused, until the first has ended", async () => {
    const playerId = "01a20ab2-2d4a-7326-a77a-dddddddddddd";
    const ask = (keyNo: number) => once[0]!(asked(playerId, keyNo, 1), async () => ({ status: 200, body: "{}" }));
    await ask(0);
    await sql`
      insert into idempotency_keys
      select player_id, operation, concat('more-', seq), request_hash, holder, held_until, status, body, expires_at
        from idempotency_keys, ${sql.raw(`seq_2_to_${KEYS_OF_PLAYER_MAX}`)} where player_id = ${playerId}`.execute(
      harness.db,
    );
    await expect(ask(1)).rejects.toMatchObject({ code: "too_many_keys", details: { retryAfterS: expect.any(Number) } });
    expect(await ask(0)).toMatchObject({ replayed: true });
    harness.advance(DAY_S);
    expect(await ask(1)).toMatchObject({ replayed: false });
  });
});
