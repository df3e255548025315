// Verifies our patches of Connect (patches/): a call that succeeds creates no errors internally. Each error would capture a
// stack, which costs a fiftieth of an empty call; there were five of them. Without the patches these tests fail, and each
// line says where.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ChatService, type DeliverRequestSchema } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics } from "@muster/runtime";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createRpcClient } from "./client.ts";
import { MessageQueue } from "./message-queue.ts";
import { createRpcServer, type RpcServer } from "./server.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const CALLS = 5;

/** The file of Connect's that made an error, for each. */
let made: string[];
let server: RpcServer;

beforeEach(async () => {
  made = [];
  const note = (): void => {
    const line = new Error("here").stack?.split("\n").find((text) => /@connectrpc\/[^)]*\.js/.test(text));
    if (line) made.push(/@connectrpc\/(?!.*@connectrpc\/)([^:)]*)/.exec(line)?.[1] ?? line);
  };
  const abort = AbortController.prototype.abort;
  vi.spyOn(AbortController.prototype, "abort").mockImplementation(function (this: AbortController, reason?: unknown) {
    if (reason === undefined) note();
    return abort.call(this, reason);
  });
  // Its constructor sets the name.
  Object.defineProperty(ConnectError.prototype, "name", {
    configurable: true,
    set(this: ConnectError, value: string) {
      note();
      Object.defineProperty(this, "name", { value, writable: true });
    },
  });
  server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    routes: (router) => {
      router.service(IdentityService, { getProfile: () => ({}) });
      router.service(ChatService, {
        async *deliver(requests) {
          for await (const _ of requests) yield {};
        },
      });
    },
  });
  await server.start?.();
});

afterEach(async () => {
  vi.restoreAllMocks();
  delete (ConnectError.prototype as { name?: string }).name;
  await server.stop?.();
});

it("sees what it looks for", () => {
  const error = new ConnectError("an error", Code.Internal);
  new AbortController().abort();
  expect([error.name, made.length > 0]).toEqual(["ConnectError", true]);
});

it("a call that is answered makes no error, on either side", async () => {
  const client = createRpcClient({ service: IdentityService, baseUrl: server.url, dependency: anyMethods(2000) });
  for (let i = 0; i < CALLS; i++) await client.call.getProfile({ playerId: ID });
  await client.stop?.();
  expect(made).toEqual([]);
});

it("a stream that both sides end makes no error, on either side", async () => {
  const client = createRpcClient({ service: ChatService, baseUrl: server.url, dependency: anyMethods(2000) });
  for (let i = 0; i < CALLS; i++) {
    const queue = new MessageQueue<MessageInitShape<typeof DeliverRequestSchema>>(10);
    queue.push({ message: { case: "hello", value: { gatewayId: ID } } });
    for await (const _ of client.call.deliver(queue)) queue.close();
  }
  await client.stop?.();
  expect(made).toEqual([]);
});
