// A peer of a served session that does not read its stream although its connection works. None of our clients does that.
import { connect } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  ChatService,
  type DeliverRequest,
  DeliverRequestSchema,
  type DeliverResponse,
  DeliverResponseSchema,
} from "@muster/contracts/chat/v2";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { afterEach, expect, it } from "vitest";
import { MessageQueue } from "./message-queue.ts";
import { serveSession } from "./serve-session.ts";
import { createRpcServer } from "./server.ts";

const GATEWAY = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const [BEFORE, AFTER] = ["01a20ab2-2d4a-7326-a77a-000000000001", "01a20ab2-2d4a-7326-a77a-000000000002"];
const log = createLogger("test", "silent");
const LONG = create(DeliverResponseSchema, { message: { case: "changed", value: { body: "x".repeat(4000) } } });

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

it("a session ends when its peer does not read, while the peer's connection stays", async () => {
  const out = new MessageQueue<DeliverResponse>(100);
  let [begun, ended] = [0, 0];
  const heard: string[] = [];
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log,
    metrics: createMetrics("test"),
    routes: (router) =>
      router.service(ChatService, {
        deliver: (requests) =>
          serveSession<DeliverRequest, DeliverResponse>(requests, () => {
            begun++;
            return { out, onMessage: ({ value }) => void heard.push(value.playerId), onEnd: () => ended++ };
          }),
      }),
  });
  await server.start?.();
  closing.push(() => server.stop?.());
  const connection = connect(server.url, { settings: { initialWindowSize: 0 } });
  closing.push(() => connection.destroy());
  const stream = connection.request({
    ":method": "POST",
    ":path": `/${ChatService.typeName}/${ChatService.method.deliver.name}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  stream.write(frame({ message: { case: "hello", value: { gatewayId: GATEWAY } } }));
  stream.write(frame({ message: { case: "detach", value: { playerId: BEFORE } } }));
  await expect.poll(() => begun).toBe(1);
  await expect.poll(() => heard).toEqual([BEFORE]);
  out.push(LONG);
  out.push(LONG);
  await new Promise((resolve) => setTimeout(resolve, 50)); // the first one is on its way, and stays there
  while (out.push(LONG)) await new Promise((resolve) => setImmediate(resolve));
  await expect.poll(() => ended).toBe(1);
  expect(connection.destroyed).toBe(false);
  stream.write(frame({ message: { case: "detach", value: { playerId: AFTER } } }));
  await new Promise<void>((resolve) => connection.ping(() => setTimeout(resolve, 50))); // it has come by then
  expect(heard, "nothing is done for a session that has ended").toEqual([BEFORE]);
  connection.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ended, "and not again when the peer is gone").toBe(1);
});

/** As gRPC frames a message. */
function frame(request: MessageInitShape<typeof DeliverRequestSchema>): Buffer {
  const bytes = toBinary(DeliverRequestSchema, create(DeliverRequestSchema, request));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
