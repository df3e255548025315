// Every REST operation of the contract, with values that it allows and values that it does not: never a 5xx, and every
// answer as the contract says (checked at every fetch of these tests). A failure prints its seed.
import { MusterClient } from "@muster/client";
import { readContract } from "@muster/edge-api/testing";
import { describeWithServers } from "@muster/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guest, makeAdmin, playing, randomName } from "./players.ts";
import { allowed, anything, type Known, type Schema } from "./schema-arbitrary.ts";
import { startSystem, type System } from "./system.ts";

const RUNS = 30;
const PASSWORD = "correct horse battery";
/** Statuses that a request within the contract may have: taken, refused, or nothing there. */
const CALM = new Set([200, 201, 204, 400, 401, 403, 404, 409, 429]);

interface Parts {
  readonly params?: Schema;
  readonly querystring?: Schema;
  readonly body?: Schema;
}

const operations = [...readContract().operations.values()];

describeWithServers("the REST contract under fuzz", () => {
  let system: System;
  let admin: MusterClient;
  const known: Record<string, string[]> = {};
  beforeAll(async () => {
    system = await startSystem({
      env: {
        CHAT_MESSAGES_PER_MIN: "60000",
        CHAT_MESSAGE_BURST: "1000",
        CHAT_CALLS_PER_S: "10000",
        CHAT_CALL_BURST: "10000",
        IDENTITY_LOGIN_FREE_PER_ADDRESS: "100000",
        SHARD_GRACE_MS: "60000",
      },
    });
    admin = new MusterClient({ url: system.url });
    const name = randomName();
    const { playerId } = await admin.register({ name, password: PASSWORD });
    await makeAdmin(system, playerId);
    const { players, matches } = await playing(system, "duel");
    const room = await admin.chat.createRoom("fuzzed room");
    await admin.chat.post(room.channelId, "hello");
    const [global] = await admin.chat.channels();
    // Not the admin: fuzz that bans the one who fuzzes ends soon.
    known["playerId"] = players.map(({ player }) => player.playerId);
    known["matchId"] = [matches[0].matchId];
    known["channelId"] = [room.channelId, global?.channelId as string];
    known["seq"] = ["1", "2"];
    known["name"] = [name, "fuzzed room"];
    known["password"] = [PASSWORD];
    known["cursor"] = ["x"];
  }, 60_000);
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const call = async (
    operation: (typeof operations)[number],
    parts: { params: unknown; query: unknown; body: unknown },
    token: string,
  ): Promise<number> => {
    const values = (from: unknown): [string, string][] =>
      Object.entries((from ?? {}) as Record<string, unknown>).map(([name, value]) => [
        name,
        typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined"),
      ]);
    let path = operation.url;
    for (const [name, value] of values(parts.params))
      path = path.replace(`:${name}`, encodeURIComponent(value.replaceAll(/[\ud800-\udfff]/g, "")));
    const query = new URLSearchParams(values(parts.query));
    const response = await fetch(`${system.url}${path}?${query}`, {
      method: String(operation.method),
      headers: {
        authorization: `Bearer ${token}`,
        ...(parts.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(parts.body === undefined ? {} : { body: JSON.stringify(parts.body) ?? "null" }),
    });
    return response.status;
  };

  const asWell = (
    schema: Schema | undefined,
    make: (schema: Schema, known: Known) => fc.Arbitrary<unknown>,
  ): fc.Arbitrary<unknown> => (schema ? make(schema, known) : fc.constant(undefined));

  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    "%s",
    { timeout: 60_000 },
    async (_id, operation) => {
      const { params, querystring, body } = operation.schema as Parts;
      const query = querystring as Schema | undefined;
      const inside = fc.record({
        params: asWell(params, allowed),
        query: asWell(query, allowed),
        body: asWell(body, allowed),
      });
      const outside = fc.record({
        // A path needs its parts; what is in them may be anything.
        params: asWell(params, (schema) =>
          fc.record(
            Object.fromEntries(
              Object.keys(schema.properties ?? {}).map((name) => [name, fc.string({ minLength: 1, unit: "binary" })]),
            ),
          ),
        ),
        query: asWell(query, anything),
        body: asWell(body, anything),
      });
      const tokens = [await admin.accessToken(), await (await guest(system.url)).client.accessToken()];
      await fc.assert(
        fc.asyncProperty(fc.oneof(inside, outside), fc.constantFrom(...tokens, "nonsense"), async (parts, token) => {
          const status = await call(operation, parts, token);
          expect(status).toBeLessThan(500);
          expect(CALM.has(status) || status === 413 || status === 414, String(status)).toBe(true);
        }),
        { numRuns: RUNS, interruptAfterTimeLimit: 45_000 },
      );
    },
  );

  it.each([
    ["/v1/me/matches?limit=", "1e999"],
    ["/v1/me/matches?limit=", "-1e999"],
    ["/v1/me/matches?limit=", "NaN"],
    ["/v1/me/matches?limit=", "0x10"],
    ["/v1/admin/audit-log?before=", "1e999"],
  ])("refuses %s%s", async (path, value) => {
    const headers = { authorization: `Bearer ${await admin.accessToken()}` };
    expect((await fetch(system.url + path + value, { headers })).status).toBe(400);
  });

  it("refuses an id that the database cannot hold", async () => {
    const headers = { authorization: `Bearer ${await admin.accessToken()}` };
    const path = "/v1/chat/blocks/00000000-0000-8000-8000-000000000000"; // version 8
    expect((await fetch(system.url + path, { method: "PUT", headers })).status).toBe(400);
  });

  it("pollutes no prototype, wherever in a body it is tried", async () => {
    const poison = [
      '"__proto__":{"polluted":true}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"prototype":{"polluted":true}',
    ];
    const token = await admin.accessToken();
    for (const operation of operations) {
      const { body, params } = operation.schema as Parts;
      if (!body) continue;
      const [good] = fc.sample(allowed(body, known), { numRuns: 1, seed: 7 });
      let path = operation.url;
      for (const name of Object.keys(params?.properties ?? {}))
        path = path.replace(`:${name}`, known[name]?.[0] ?? "x");
      for (const extra of poison) {
        const text = JSON.stringify(good);
        const inside = text === "{}" ? `{${extra}}` : `{${extra},${text.slice(1)}`;
        const response = await fetch(system.url + path, {
          method: String(operation.method),
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: inside,
        });
        expect(response.status, `${operation.operationId} ${extra}`).toBe(400);
      }
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect((await admin.me()).role).toBe("admin");
  });

  it("does not stumble over bodies that are not what their headers say", async () => {
    const headers = { authorization: `Bearer ${await admin.accessToken()}` };
    const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
    const bodies: [string, string | Uint8Array<ArrayBuffer>, string][] = [
      ["deep", deep, "application/json"],
      ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), "application/json"],
      ["a wrong charset", '{"name":"x"}', "application/json; charset=utf-16"],
      ["a form", "a=1", "application/x-www-form-urlencoded"],
      ["many parts", "--x\r\n\r\n--x--", "multipart/form-data; boundary=x"],
      ["no type that there is", "{}", "x/y"],
      ["duplicate keys", '{"name":"a","name":"b"}', "application/json"],
      ["a lone surrogate", '{"name":"\\ud800","password":"x"}', "application/json"],
      ["a huge number", '{"seq":1e400}', "application/json"],
    ];
    for (const [note, body, type] of bodies) {
      for (const path of ["/v1/auth/register", "/v1/chat/rooms", "/v1/auth/refresh"]) {
        const response = await fetch(system.url + path, {
          method: "POST",
          headers: { ...headers, "content-type": type },
          body,
        });
        expect(response.status, `${note} to ${path}`).toBeLessThan(500);
        expect(response.status, `${note} to ${path}`).toBeGreaterThanOrEqual(400);
      }
    }
  });
});
