import { afterEach, expect, it, vi } from "vitest";
import { MusterClient } from "./client.ts";
import type { Tokens } from "./rest.ts";

const TOKENS: Tokens = {
  accessToken: "access",
  accessExpiresAt: "2999-01-01T00:00:00.000Z",
  refreshToken: "refresh",
  refreshExpiresAt: "2999-01-01T00:00:00.000Z",
};
const CREDENTIALS = { name: "Ann", password: "correct horse battery" };
const GUEST = { playerId: "p", name: "Guest-1", kind: "guest", role: "player", createdAt: "2026-01-01T00:00:00.000Z" };
const ANN = { ...GUEST, name: "Ann", kind: "registered" };

afterEach(() => vi.unstubAllGlobals());

/** @param upgrade the answer to an upgrade; undefined: it is lost @param me whom the server takes the player for afterwards */
function clientOf(upgrade: Response | undefined, me: object = ANN): { client: MusterClient; asked: string[] } {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    if (pathname === "/v1/auth/refresh") return Response.json({ ...TOKENS, accessToken: "with the new name" });
    if (pathname === "/v1/me") return Response.json(me);
    if (!upgrade) throw new TypeError("the network is gone");
    return upgrade;
  });
  return { client: new MusterClient({ url: "http://localhost", tokens: TOKENS }), asked };
}

it("an upgraded guest has a token with its new name at once", async () => {
  const { client, asked } = clientOf(Response.json(ANN));
  expect(await client.upgradeGuest(CREDENTIALS)).toEqual(ANN);
  expect(client.tokens?.accessToken).toBe("with the new name");
  expect(asked).toEqual(["/v1/me/upgrade", "/v1/auth/refresh"]);
});

it("an upgrade whose answer is lost is found to be done", async () => {
  const { client } = clientOf(undefined);
  expect(await client.upgradeGuest(CREDENTIALS)).toEqual(ANN);
  expect(client.tokens?.accessToken).toBe("with the new name");
});

it.each([
  ["is still a guest", GUEST],
  ["has another name", { ...ANN, name: "Bob" }],
])("an upgrade without an answer has failed where the player %s", async (_what, me) => {
  const { client } = clientOf(undefined, me);
  await expect(client.upgradeGuest(CREDENTIALS)).rejects.toMatchObject({ code: "network" });
  expect(client.tokens).toEqual(TOKENS);
});

it("a refusal is told as it is", async () => {
  const error = { code: "not_a_guest", message: "no", traceId: "0".repeat(32) };
  const { client, asked } = clientOf(Response.json({ error }, { status: 409 }));
  await expect(client.upgradeGuest(CREDENTIALS)).rejects.toMatchObject({ code: "not_a_guest", status: 409 });
  expect(asked).toEqual(["/v1/me/upgrade"]);
});
