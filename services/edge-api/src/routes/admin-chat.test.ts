// Mutes in all channels: under both paths the stored role decides, the order is written first, and what changes nothing is not written.
import { afterAll, beforeEach, expect, it } from "vitest";
import { restServer } from "../../test/rest-server.ts";
import { readContract } from "../contract.ts";

const MODERATOR = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1f";

const asked: string[] = [];
let mutes: { channelId: string }[] = [];
interface Asked {
  readonly record?: boolean;
  readonly operation?: string;
  readonly target?: string;
  readonly reason?: string;
  readonly actor?: { readonly moderator: boolean };
}
const service = new Proxy(
  {},
  {
    get: (_on, method: string) => async (request: Asked) => {
      const { record, operation = "", target = "", reason = "", actor } = request;
      asked.push(
        [method, operation, target, record ? "recorded" : "", reason, actor?.moderator ?? ""].join(" ").trim(),
      );
      return { mutes };
    },
  },
);
const server = restServer(MODERATOR, {
  contract: readContract(),
  clients: { identity: service, chat: service } as never,
});
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  mutes = [{ channelId: "" }];
});

const send = async (method: "PUT" | "POST" | "DELETE", url: string, payload?: object): Promise<string[]> => {
  const headers = { authorization: "Bearer aaaa" };
  const answer = await server.inject({ method, url, headers, ...(payload && { payload }) });
  expect(answer.statusCode, answer.body).toBe(204);
  return asked;
};

it.each([`/v1/admin/players/${PLAYER}/mute`, `/v1/chat/mutes/${PLAYER}`])("PUT %s", async (url) => {
  expect(await send("PUT", url, { seconds: 60, reason: "spam" })).toEqual([
    `authorizeOperation mutePlayer ${PLAYER}`,
    `authorizeOperation mutePlayer ${PLAYER} recorded 60 s: spam`,
    "mutePlayer    spam true",
  ]);
});

it.each([
  ["POST", `/v1/admin/players/${PLAYER}/unmute`, { reason: "sorry" }, " sorry"],
  ["DELETE", `/v1/chat/mutes/${PLAYER}`, undefined, ""],
] as const)("%s %s", async (method, url, payload, reason) => {
  const permitted = `authorizeOperation unmutePlayer ${PLAYER}`;
  expect(await send(method, url, payload)).toEqual([
    permitted,
    "listMutes     true",
    `authorizeOperation unmutePlayer ${PLAYER} recorded${reason}`,
    `unmutePlayer   ${reason === "" ? " " : reason} true`,
  ]);
  asked.length = 0;
  mutes = [{ channelId: PLAYER }]; // in one channel only
  expect(await send(method, url, payload)).toEqual([permitted, "listMutes     true"]);
});
