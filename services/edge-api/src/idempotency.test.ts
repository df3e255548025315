// Which writes take an Idempotency-Key, and what a request with one gets.
import { create } from "@bufbuild/protobuf";
import { type ClaimIdempotencyKeyRequest, ClaimIdempotencyKeyResponseSchema } from "@muster/contracts/identity/v2";
import { commonError, errorsOf } from "@muster/errors";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { restServer } from "../test/rest-server.ts";
import { readContract } from "./contract.ts";
import { WITHOUT_KEY } from "./without-key.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const contract = readContract();
const operations = [...contract.operations.values()];

describe("every write of the contract", () => {
  const writes = operations.filter(({ method }) => method !== "GET");

  it.each(writes.map((one) => [one.operationId, one] as const))("%s takes a key, or says why not", (id, operation) => {
    expect(operation.takesKey).toBe(!(id in WITHOUT_KEY));
    // Keys are a player's.
    if (operation.takesKey) expect(operation.secured).toBe(true);
  });

  it("and nothing else does, or says anything", () => {
    expect(operations.filter(({ method, takesKey }) => method === "GET" && takesKey)).toEqual([]);
    const ids = new Set(writes.map(({ operationId }) => operationId));
    expect(Object.keys(WITHOUT_KEY).filter((id) => !ids.has(id))).toEqual([]);
  });
});

type Outcome = Parameters<typeof create<typeof ClaimIdempotencyKeyResponseSchema>>[1];

describe("a request with a key", () => {
  let outcome: NonNullable<Outcome>["outcome"];
  let claims: ClaimIdempotencyKeyRequest[] = [];
  let settled: unknown[] = [];
  let calls = 0;
  let away: Error | undefined;
  let revokes: () => Promise<unknown>;
  const server = restServer(ID, {
    clients: {
      identity: {
        claimIdempotencyKey: async (asked: ClaimIdempotencyKeyRequest) => {
          claims.push(asked);
          if (away) throw away;
          return create(ClaimIdempotencyKeyResponseSchema, { outcome } as never);
        },
        settleIdempotencyKey: async (asked: { answer?: unknown }) => void settled.push(asked.answer),
        revokeOtherDevices: () => revokes(),
        reportPlayer: () => revokes(),
        banPlayer: () => revokes(),
      },
      chat: { deleteMessage: () => revokes() },
    } as never,
  });
  afterAll(() => server.close());
  beforeEach(() => {
    [claims, settled, calls] = [[], [], 0];
    outcome = { case: "claimed", value: {} };
    away = undefined;
    revokes = async () => ({ revoked: ++calls, reportId: ID });
  });
  const ask = (key: string | undefined, url = "/v1/me/devices/revoke-others", payload?: object, method = "POST") =>
    server.inject({
      method: method as "POST",
      url,
      headers: { authorization: "Bearer aaaa", ...(key !== undefined && { "idempotency-key": key }) },
      ...(payload && { payload }),
    });

  it("is carried out, and its answer is stored as it left", async () => {
    const answer = await ask("a-key");
    expect([answer.statusCode, answer.body, answer.headers["idempotent-replayed"]]).toEqual([
      200,
      '{"revoked":1}',
      undefined,
    ]);
    expect(settled).toEqual([{ status: 200, body: '{"revoked":1}' }]);
    expect(claims[0]).toMatchObject({ playerId: ID, operation: "revokeOtherDevices", key: "a-key" });
  });

  it.each(["unavailable", "deadline_exceeded", "overloaded"] as const)(
    "is carried out all the same while the keys are away (%s), if a repeat is harmless and nothing else of it needs identity-service",
    async (code) => {
      away = commonError(code);
      const deleted = await ask("a-key", `/v1/chat/channels/${ID}/messages/3`, undefined, "DELETE");
      expect([deleted.statusCode, calls, settled]).toEqual([204, 1, []]);
      const revoked = await ask("a-key");
      expect([revoked.statusCode >= 500, calls]).toEqual([true, 1]);
    },
  );

  it("has nothing to do with keys without one", async () => {
    await ask(undefined);
    expect([claims, settled, calls]).toEqual([[], [], 1]);
  });

  it("is answered with what was answered first, if it was", async () => {
    outcome = { case: "answered", value: { status: 200, body: '{"revoked":7}' } } as never;
    const answer = await ask("a-key");
    expect([answer.statusCode, answer.body, calls, settled]).toEqual([200, '{"revoked":7}', 0, []]);
    expect(answer.headers).toMatchObject({
      "idempotent-replayed": "true",
      "content-type": "application/json; charset=utf-8",
    });
  });

  it("without a body is answered without one", async () => {
    outcome = { case: "answered", value: { status: 204, body: "" } } as never;
    const answer = await ask("a-key", `/v1/admin/players/${ID}/ban`, { reason: "x" }, "PUT");
    expect([answer.statusCode, answer.body, answer.headers["content-type"]]).toEqual([204, "", undefined]);
  });

  it.each([
    ["inFlight", 409, "request_in_flight", "1"],
    ["anotherRequest", 422, "key_reused", undefined],
  ])("that is %s is refused", async (name, status, code, retryAfter) => {
    outcome = { case: name, value: {} } as never;
    const answer = await ask("a-key");
    expect([answer.statusCode, answer.json().error.code, answer.headers["retry-after"], calls]).toEqual([
      status,
      code,
      retryAfter,
      0,
    ]);
  });

  it("that is refused for good is refused in the same words again; a failure makes the key free", async () => {
    const fail = errorsOf({ not_allowed: { grpc: "permission_denied", retryable: false, message: "No." } });
    revokes = () => Promise.reject(fail("not_allowed"));
    const answer = await ask("a-key");
    expect(settled).toEqual([{ status: 403, body: answer.body }]);
    for (const code of ["unavailable", "internal", "deadline_exceeded", "unauthenticated"] as const) {
      settled = [];
      revokes = () => Promise.reject(commonError(code));
      await ask("a-key");
      expect([code, settled]).toEqual([code, [undefined]]);
    }
    settled = [];
    const busy = errorsOf({ busy: { grpc: "resource_exhausted", retryable: true, message: "Later." } });
    revokes = () => Promise.reject(busy("busy"));
    expect((await ask("a-key")).statusCode).toBe(429);
    expect(settled).toEqual([undefined]);
  });

  it("is the same in another spelling, and another one with another value", async () => {
    const report = (category: string, comment: string, id = ID) =>
      ask("a-key", `/v1/players/${id}/reports`, { comment, category });
    await report("spam", "x");
    await ask("a-key", `/v1/players/${ID.toUpperCase()}/reports`, { category: "spam", comment: " x " });
    await report("spam", "y");
    await report("spam", "x", ID.replace("01a2", "01a3"));
    const [first, same, other, elsewhere] = claims.map(({ requestHash }) => Buffer.from(requestHash).toString("hex"));
    expect(same).toBe(first);
    expect(new Set([first, other, elsewhere]).size).toBe(3);
  });

  it.each([["", "x".repeat(129), "a key", "schlüssel"]].flat())("whose key is %j is refused", async (key) => {
    const answer = await ask(key);
    expect([answer.statusCode, answer.json().error.details.where]).toEqual([400, "headers.idempotency-key"]);
    expect([claims, calls]).toEqual([[], 0]);
  });
});
