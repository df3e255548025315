// What the contract does not allow is refused before a service is called, and `details` names the field.
import { afterAll, expect, it } from "vitest";
import { errorsOf } from "@muster/errors";
import { restServer } from "../test/rest-server.ts";
import { sampleOf } from "../test/samples.ts";
import { readContract } from "./contract.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const server = restServer(ID);
afterAll(() => server.close());

/** Every integer of every path and query. */
interface Part {
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly maxLength?: number }>>;
}
const integers = [...readContract().operations.values()].flatMap((operation) =>
  (["params", "querystring"] as const).flatMap((part) =>
    Object.entries((operation.schema[part] as Part | undefined)?.properties ?? {})
      .filter(([, { type }]) => type === "integer")
      .map(([name]) => [operation.operationId, `${part}.${name}`, operation] as const),
  ),
);

it.each(integers)("%s takes no other spelling of %s than the plain one", async (_id, where, operation) => {
  const [part, name = ""] = where.split(".");
  for (const text of ["1e1", "+1", " 1", "0x1", "01", "1.0", "--1", ""]) {
    if (part === "params" && text === "") continue; // another path
    const { url } = sampleOf(operation, part === "params" ? { [name]: text } : {});
    const query = new URLSearchParams(part === "params" ? {} : { [name]: text }).toString();
    const headers = { authorization: "Bearer aaaa" };
    const answer = await server.inject({ method: operation.method as "GET", url: `${url}?${query}`, headers });
    expect(answer.statusCode, text).toBe(400);
    expect(answer.json().error.details.where, text).toBe(where);
  }
});

const GUEST = "/v1/auth/guest";
const MESSAGES = `/v1/chat/channels/${ID}/messages`;
const deviceKey = "a-key-of-sixteen-or-more";

it.each([
  ["a missing field", "POST", GUEST, {}, "body.deviceKey"],
  ["an unknown field", "POST", GUEST, { deviceKey, nickname: "x" }, "body.nickname"],
  ["a field out of bounds", "POST", GUEST, { deviceKey: "short" }, "body.deviceKey"],
  ["a field of another type", "POST", GUEST, { deviceKey: 1 }, "body.deviceKey"],
  ["no body", "POST", GUEST, undefined, "body"],
  ["an unknown parameter", "GET", "/v1/me?fields=name", undefined, "querystring.fields"],
  ["a parameter out of bounds", "GET", "/v1/me/matches?limit=0", undefined, "querystring.limit"],
  ["an id that is none", "GET", "/v1/players/ann", undefined, "params.playerId"],
  ["messages before one and after another", "GET", `${MESSAGES}?before=9&after=3`, undefined, "querystring.before"],
] as const)("%s is refused by its name", async (_what, method, url, payload, where) => {
  const headers = { authorization: "Bearer aaaa" };
  const answer = await server.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ error: { code: "invalid_request", details: { where } } });
});

const refuse = errorsOf({ invalid_request: { grpc: "invalid_argument", retryable: false, message: "No." } });
/** Every method of every service refuses what the contract allows. */
const refusing = new Proxy(
  {},
  {
    get: (_on, method: string) => async () => {
      if (method === "getProfile") return { profile: { name: "ann" } };
      throw refuse("invalid_request", { details: { reason: "only_separators" } });
    },
  },
);
const behind = restServer(ID, { clients: new Proxy({}, { get: () => refusing }) as never });
afterAll(() => behind.close());

it.each([
  ["PUT", `/v1/admin/players/${ID}/ban`, { reason: "r", until: "2020-01-01T00:00:00Z" }, "body.until"],
  ["PUT", `/v1/chat/blocks/${ID}`, undefined, "params.playerId"],
  ["POST", "/v1/chat/direct", { playerId: ID }, "body.playerId"],
  ["POST", "/v1/chat/rooms", { name: "___" }, "body.name"],
] as const)(
  "what a service refuses of %s %s has the name of the contract's field too",
  async (method, url, payload, where) => {
    const headers = { authorization: "Bearer aaaa" };
    const answer = await behind.inject({ method, url, headers, ...(payload ? { payload } : {}) });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({ message: "No.", details: { where, reason: "only_separators" } });
  },
);
