// A client that holds its connection open and says nothing, or not all, does not keep this server from stopping; who waits for an answer gets it.
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { readContract } from "./contract.ts";
import { restServer } from "../test/rest-server.ts";

const contract = readContract();
const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
/** Well below the time after which a process is ended that does not stop. */
const STOP_MS_MAX = 4000;
const ANSWER_MS = 300;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

const HEAD = `POST /v1/auth/guest HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n`;

it.each([
  ["says nothing", ""],
  ["has said half of a request's head", HEAD],
  ["has sent half of a body", `${HEAD}\r\n{`],
  ["keeps a connection for its next request", "GET /v1/openapi.yaml HTTP/1.1\r\nhost: localhost\r\n\r\n"],
])("stops within its time while a client %s", async (_what, said) => {
  const server = restServer(PLAYER, { contract });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect((server.server.address() as AddressInfo).port, "127.0.0.1").resume();
  sockets.push(socket.on("error", () => undefined));
  await once(socket, "connect");
  socket.write(said);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const since = performance.now();
  await server.close();
  expect(performance.now() - since).toBeLessThan(STOP_MS_MAX);
});

it("answers a request that is under way before it stops", async () => {
  const call = async (): Promise<object> => {
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    return { player: { playerId: PLAYER, name: "p", createdAt: undefined } };
  };
  const server = restServer(PLAYER, { contract, clients: { systemHealth: call } as never });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const answer = fetch(`${url}/system/healthz`);
  await new Promise((resolve) => setTimeout(resolve, ANSWER_MS / 3));
  const stopping = server.close();
  expect((await answer).status).toBe(200);
  await stopping;
});
