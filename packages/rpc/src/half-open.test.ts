// A stream whose answer has ended is over for both sides, whatever the client was about to send: a server that waits for the client's half
// could not stop.
import { anyMethods } from "@muster/resilience/testing";
import { once } from "node:events";
import { connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { GatewaySessionRequestSchema, MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { beforeEach, expect, it } from "vitest";
import { createRpcClient } from "./client.ts";
import { MessageQueue } from "./message-queue.ts";
import { createRpcServer, type RpcServer } from "./server.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const HELLO = { message: { case: "hello" as const, value: { gatewayId: ID } } };
/** More than a stream's window of 64 KiB, of messages that are allowed: the rest waits for a server that does not read. */
const MANY = 4000;
const CANCEL_MESSAGE = { message: { case: "cancel" as const, value: { ticketId: ID } } };

let server: RpcServer;
beforeEach(async () => {
  server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    routes: (router) =>
      router.service(MatchmakingService, {
        async *gatewaySession(messages) {
          await messages[Symbol.asyncIterator]().next();
          yield* []; // over after the hello
        },
      }),
  });
  await server.start?.();
});

async function stopMs(): Promise<number> {
  const since = performance.now();
  await server.stop?.();
  return performance.now() - since;
}

it("a client whose message waits to be written lets go of a stream that was answered", async () => {
  const client = createRpcClient({ service: MatchmakingService, baseUrl: server.url, dependency: anyMethods(2000) });
  const queue = new MessageQueue<typeof HELLO | typeof CANCEL_MESSAGE>(MANY + 1);
  queue.push(HELLO);
  for (let i = 0; i < MANY; i++) queue.push(CANCEL_MESSAGE);
  for await (const _message of client.call.gatewaySession(queue)) void _message;
  expect(await stopMs()).toBeLessThan(1500);
  await client.stop?.();
});

it("a client that never lets go is cut off when the server stops", { timeout: 15_000 }, async () => {
  const session = connect(server.url);
  session.on("error", () => undefined);
  const stream = session.request(
    {
      ":method": "POST",
      ":path": "/matchmaking.v2.MatchmakingService/GatewaySession",
      "content-type": "application/grpc+proto",
      te: "trailers",
    },
    { endStream: false },
  );
  stream.on("error", () => undefined);
  const hello = toBinary(GatewaySessionRequestSchema, create(GatewaySessionRequestSchema, HELLO));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(hello.length, 1);
  stream.write(Buffer.concat([prefix, hello]));
  await once(stream, "response"); // over, as far as the server is concerned
  expect(await stopMs()).toBeLessThan(10_000);
  session.destroy();
});
