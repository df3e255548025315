// A stream has no deadline, so its user must be told about anything that ends it, or it would wait forever.
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { must } from "@muster/errors";
import { anyMethods } from "@muster/resilience/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createRpcClient, type RpcClient, type RpcClientOptions } from "./client.ts";
import { MessageQueue } from "./message-queue.ts";

const servers: (Http2Server | Server)[] = [];
const sockets = new Set<Socket>();
const clients: RpcClient<typeof MatchmakingService>[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop?.();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listening(server: Http2Server | Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => sockets.add(socket.once("close", () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Resolves with how the stream ended. */
async function streamAt(
  port: number,
  more: Partial<RpcClientOptions<typeof MatchmakingService>> = {},
): Promise<unknown> {
  const baseUrl = `http://127.0.0.1:${port}`;
  const client = createRpcClient({ service: MatchmakingService, baseUrl, dependency: anyMethods(2000), ...more });
  clients.push(client);
  const queue = new MessageQueue<{ message: { case: "hello"; value: { gatewayId: string } } }>(10);
  queue.push({ message: { case: "hello", value: { gatewayId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e" } } });
  try {
    for await (const _message of client.call.gatewaySession(queue)) void _message;
    return "over";
  } catch (err) {
    return err;
  } finally {
    queue.close();
  }
}

const socketOf = (stream: ServerHttp2Stream): Socket => must(stream.session, "it is open").socket as Socket;
const HEADERS = { ":status": 200, "content-type": "application/grpc+proto" };

/** Every way in which a server, or what lies between, ends a stream without its status. */
const ENDS: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  "it is reset without an error": (stream) => stream.close(0),
  "it is reset as an internal error": (stream) => stream.close(2),
  "it is refused": (stream) => stream.close(7),
  "it is cancelled": (stream) => stream.close(8),
  "an answer has no status": (stream) => {
    if (!stream.headersSent) stream.respond(HEADERS);
    stream.end();
  },
  "the connection is given up": (stream) => stream.session?.destroy(),
  "the connection is cut": (stream) => socketOf(stream).destroy(),
  "the connection is reset": (stream) => void socketOf(stream).resetAndDestroy(),
};

describe("a stream ends as unavailable when", () => {
  for (const [how, end] of Object.entries(ENDS)) {
    for (const answered of [false, true]) {
      it(`${how}, ${answered ? "behind" : "before"} the headers of its answer`, { timeout: 3000 }, async () => {
        const server = createServer();
        server.on("sessionError", () => undefined);
        server.on("stream", (stream) => {
          stream.on("error", () => undefined);
          if (answered) stream.respond(HEADERS);
          setTimeout(() => end(stream), 20); // the headers are there by then
        });
        expect(await streamAt(await listening(server))).toMatchObject({ rawMessage: expect.any(String), code: 14 });
      });
    }
  }

  it("its connection is taken by a process that stands still, and never answered", { timeout: 3000 }, async () => {
    const port = await listening(createTcpServer(() => undefined));
    const pings = { everyMs: 50, answerMsMax: 50 };
    expect(await streamAt(port, { pings })).toMatchObject({ rawMessage: expect.any(String), code: 14 });
  });
});
