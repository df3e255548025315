// One id has one spelling behind every door. A walk over what the contracts say: every route, every call of every
// service and every control message that carries an id is asked in another spelling.
import { create, type DescMessage, type DescService } from "@bufbuild/protobuf";
import { ChatService } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { ClientControlSchema } from "@muster/contracts/realtime/v1";
import { createRestServer, readContract, sheddersOf } from "@muster/edge-api/testing";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { encodeClientControl } from "@muster/realtime";
import { decodeControl } from "@muster/realtime-gateway/testing";
import { canonicalId, createRpcClient, createRpcServer, isIdField } from "@muster/rpc";
import { createLoadControl, createMetrics } from "@muster/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const SHOUTED = ID.toUpperCase();
/** What other systems write, and what the database cannot hold. */
const OTHER_FORMS = [
  `{${ID}}`,
  `urn:uuid:${ID}`,
  ID.replaceAll("-", ""),
  ID.replace("-7326", "-8326"),
  ` ${ID}`,
  `${ID} `,
];
const SERVICES: readonly DescService[] = [ChatService, IdentityService, MatchService, MatchmakingService];
/** Texts of requests that are called ids and are none of ours to spell: names that operators or clients choose. */
const NO_UUIDS = new Set([
  "device_id",
  "game_id",
  "gameId",
  "build_id",
  "shard_id",
  "gateway_id",
  "trace_id",
  "deviceId",
  "kid",
]);

type Json = Record<string, unknown>;
interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: unknown[];
  readonly minLength?: number;
  readonly minimum?: number;
  readonly properties?: Record<string, Schema>;
  readonly required?: string[];
}

const operations = [...readContract().operations.values()].map(({ operationId, method, url, schema, secured }) => {
  const { params, querystring, body } = schema as Record<string, Schema | undefined>;
  const ids = [params, querystring, body].flatMap((part) =>
    Object.entries(part?.properties ?? {}).filter(([, property]) => property.format === "uuid"),
  );
  return { operationId, method: method as "GET", url, params, querystring, body, secured, ids: ids.length };
});
const withIds = operations.filter(({ ids }) => ids > 0);

/** A value that the schema allows, with every id in `spelling`. */
function valueOf(schema: Schema, spelling: string): unknown {
  if (schema.format === "uuid") return spelling;
  if (schema.enum) return schema.enum[0];
  if (schema.type === "integer") return schema.minimum ?? 1;
  if (schema.type === "boolean") return true;
  if (schema.type === "string") return "a".repeat(Math.max(1, schema.minLength ?? 1));
  const wanted = Object.entries(schema.properties ?? {}).filter(
    ([name, inner]) => schema.required?.includes(name) || inner.format === "uuid",
  );
  return Object.fromEntries(wanted.map(([name, inner]) => [name, valueOf(inner, spelling)]));
}

/** A message with every id in `spelling`, whatever lies how deep; of a oneof, the member `chosen` or the first. */
function messageOf(desc: DescMessage, spelling: string, chosen?: string): Json {
  const message: Json = {};
  for (const field of desc.fields) {
    if (field.oneof && message[field.oneof.localName]) continue;
    if (field.oneof && chosen !== undefined && field.localName !== chosen) continue;
    const one = isIdField(field)
      ? spelling
      : field.message && !field.message.typeName.startsWith("google.")
        ? messageOf(field.message, spelling)
        : field.scalar === 9 && field.fieldKind === "scalar"
          ? "a"
          : undefined;
    if (one === undefined || field.fieldKind === "map") continue;
    const value = field.fieldKind === "list" ? [one, one] : one;
    if (field.oneof) message[field.oneof.localName] = { case: field.localName, value };
    else message[field.localName] = value;
  }
  return message;
}

const texts = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner));

describe("an id in another spelling", () => {
  it("is made into one, or is none", () => {
    expect(canonicalId(SHOUTED)).toBe(ID);
    for (const form of OTHER_FORMS) expect(canonicalId(form), form).toBeUndefined();
    expect(canonicalId("00000000-0000-0000-0000-000000000000")).toBeDefined();
  });

  describe("over REST", () => {
    const CALM = { callsInFlightMin: 100, callsInFlightMax: 100, eventLoopLateMs: 10_000 };
    let seen: Json | undefined;
    const clients = {} as never;
    const server = createRestServer({
      contract: readContract(),
      clients,
      tokens: { verify: async () => ({ playerId: ID }) } as never,
      legacy: { origin: undefined, domains: [], answerWithinMs: 1000 } as never,
      corsOrigins: [],
      trustedProxies: [],
      deadlines: { readMs: 1000, writeMs: 1000 },
      shedders: sheddersOf(createLoadControl(CALM, createMetrics("test"))),
      metrics: createMetrics("test"),
      log: createLogger("test", "silent"),
    });
    // What the handler would get.
    server.addHook("preHandler", async ({ params, query, body }, reply) => {
      seen = { params, query, body } as Json;
      return reply.code(204).send();
    });
    afterAll(() => server.close());

    const ask = async (operation: (typeof operations)[number], spelling: string): Promise<number> => {
      seen = undefined;
      const { params = {}, querystring = {}, body } = operation;
      let { url } = operation;
      for (const [name, value] of Object.entries(valueOf(params, spelling) as Json))
        url = url.replace(`:${name}`, encodeURIComponent(String(value)));
      const answer = await server.inject({
        method: operation.method,
        url,
        query: valueOf(querystring, spelling) as Record<string, string>,
        headers: { authorization: "Bearer aaaa" },
        ...(body ? { payload: valueOf(body, spelling) as object } : {}),
      });
      return answer.statusCode;
    };

    it.each(withIds.map((operation) => [operation.operationId, operation] as const))("%s", async (_id, operation) => {
      expect(await ask(operation, SHOUTED)).toBe(204);
      expect(texts(seen)).toContain(ID);
      expect(texts(seen)).not.toContain(SHOUTED);
      for (const form of OTHER_FORMS) expect(await ask(operation, form), form).toBe(400);
    });

    it("has no text of a request that is called an id and is none", () => {
      expect(withIds.length).toBeGreaterThan(15);
      for (const { operationId, params, querystring, body } of operations)
        for (const part of [params, querystring, body])
          for (const [name, { format, type }] of Object.entries(part?.properties ?? {}))
            if (/id$/i.test(name) && type === "string" && !NO_UUIDS.has(name))
              expect(format, `${operationId} ${name}`).toBe("uuid");
    });
  });

  const methods = SERVICES.flatMap((service) => service.methods.map((method) => ({ service, method })));
  const inputs = (desc: DescMessage, found: Set<DescMessage> = new Set()): Set<DescMessage> => {
    if (found.has(desc)) return found;
    found.add(desc);
    for (const { message } of desc.fields) if (message) inputs(message, found);
    return found;
  };
  const reachable = new Set(
    [...methods.map(({ method }) => method.input), ClientControlSchema].flatMap((m) => [...inputs(m)]),
  );

  it("has no text of a request, a stream or a control message that is called an id and has no rule", () => {
    expect(reachable.size).toBeGreaterThan(40);
    for (const { typeName, fields } of reachable)
      for (const field of fields)
        if (/_ids?$/.test(field.name) && field.scalar === 9 && !NO_UUIDS.has(field.name))
          expect(isIdField(field), `${typeName}.${field.name}`).toBe(true);
  });

  describe("over gRPC", () => {
    let seen: unknown;
    let server: ReturnType<typeof createRpcServer>;
    beforeAll(async () => {
      const handlers = (service: DescService): object =>
        Object.fromEntries(
          service.methods.map((method) => [
            method.localName,
            method.methodKind === "unary"
              ? (request: unknown) => ((seen = request), {})
              : async function* (requests: AsyncIterable<unknown>) {
                  for await (const request of requests) seen = request;
                  yield* [];
                },
          ]),
        );
      server = createRpcServer({
        host: "127.0.0.1",
        port: 0,
        log: createLogger("test", "silent"),
        metrics: createMetrics("test"),
        routes: (router) => SERVICES.forEach((service) => router.service(service, handlers(service))),
      });
      await server.start?.();
    });
    afterAll(() => server.stop?.());

    /** @returns the error, if any: what is missing besides ids is the validation's to refuse, after them. */
    const ask = async (
      service: DescService,
      name: string,
      input: DescMessage,
      stream: boolean,
      spelling: string,
    ): Promise<string> => {
      const client = createRpcClient({ service, baseUrl: server.url, dependency: anyMethods(2000) });
      const call = (client.call as Record<string, (request: unknown) => unknown>)[name] as (
        request: unknown,
      ) => unknown;
      try {
        const cases = input.oneofs[0]?.fields.map(({ localName }) => localName) ?? [undefined];
        for (const chosen of cases) {
          const request = create(input, messageOf(input, spelling, chosen));
          if (!texts(request).includes(spelling)) continue;
          seen = undefined;
          if (!stream) await call(request);
          else
            for await (const _ of call(
              (async function* () {
                yield request;
              })(),
            ) as AsyncIterable<unknown>)
              void _;
          if (texts(seen).includes(SHOUTED)) return `${chosen ?? ""} got it as it was spelt`;
        }
        return "";
      } catch (err) {
        return (err as Error).message;
      } finally {
        await client.stop?.();
      }
    };

    it.each(
      methods
        .filter(({ method }) => texts(messageOf(method.input, SHOUTED)).includes(SHOUTED))
        .map(({ service, method }) => [`${service.typeName}/${method.name}`, service, method] as const),
    )("%s", async (_name, service, { localName, input, methodKind }) => {
      const isStream = methodKind !== "unary";
      expect(await ask(service, localName, input, isStream, SHOUTED)).not.toMatch(/UUID|spelt/i);
      expect(await ask(service, localName, input, isStream, OTHER_FORMS[3] as string)).toMatch(/no UUID/);
    });
  });

  it.each(ClientControlSchema.fields.filter(({ message }) => message && texts(messageOf(message, ID)).includes(ID)))(
    "in the control message $name",
    ({ localName }) => {
      const of = (spelling: string): Json => messageOf(ClientControlSchema, spelling, localName);
      const sent = (spelling: string) => decodeControl(encodeClientControl(of(spelling)));
      const got = texts(sent(SHOUTED));
      expect(got).toContain(ID);
      expect(got).not.toContain(SHOUTED);
      for (const form of OTHER_FORMS) expect(sent(form), form).toMatchObject({ code: "invalid_request" });
    },
  );
});
