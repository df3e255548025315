// What the contract does not allow is refused before a service is called, and `details` names the field.
import { afterAll, expect, it } from "vitest";
import { restServer } from "../test/rest-server.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const server = restServer(ID);
afterAll(() => server.close());

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
