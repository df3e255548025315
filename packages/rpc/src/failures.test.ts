// Transport failures, produced by servers that misbehave on purpose: calls fail as unavailable, and are sent again where that
// is safe.
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { ChatService } from "@muster/contracts/chat/v2";
import { IdentityService } from "@muster/contracts/identity/v2";
import { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics } from "@muster/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { silentAddress } from "../test/silent-address.ts";
import { createRpcClient, type RpcClient, type RpcClientOptions } from "./client.ts";
import { REPEATABLE_WRITES } from "@muster/resilience";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const servers: Http2Server[] = [];
const clients: RpcClient<typeof IdentityService>[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop?.();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

type Answer = (stream: ServerHttp2Stream, nth: number) => void;

async function serve(answer: Answer, host = "127.0.0.1", port = 0): Promise<number> {
  const server = createServer();
  servers.push(server);
  let count = 0;
  server.on("sessionError", () => undefined);
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    answer(stream, ++count);
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}

function clientAt(
  port: number,
  more: Partial<RpcClientOptions<typeof IdentityService>> = {},
): RpcClient<typeof IdentityService> {
  const client = createRpcClient({
    service: IdentityService,
    baseUrl: `http://127.0.0.1:${port}`,
    dependency: anyMethods(2000),
    ...more,
  });
  clients.push(client);
  return client;
}

/** An empty message and status 0. */
function ok(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.alloc(5));
}

const REFUSED_STREAM = 7;

describe("a call that fails on the way", () => {
  it.each(["getProfile", "logIn"] as const)("is sent again when its stream was refused: %s", async (name) => {
    const port = await serve((stream, nth) => (nth === 1 ? stream.close(REFUSED_STREAM) : ok(stream)));
    await clientAt(port).call[name]({ playerId: PLAYER, name: "x", password: "y" } as never);
  });

  it("is unavailable when its stream is refused every time", async () => {
    const port = await serve((stream) => stream.close(REFUSED_STREAM));
    await expect(clientAt(port).call.logIn({})).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is sent again when the server will not serve it any more: above the last stream of a GOAWAY", async () => {
    const port = await serve((stream, nth) => {
      if (nth === 2) stream.session?.goaway(0, 1);
      else ok(stream);
    });
    const { call } = clientAt(port);
    await call.logIn({});
    await call.logIn({});
  });

  it.each([
    ["before an answer", (stream: ServerHttp2Stream): void => stream.session?.destroy()],
    [
      "in the middle of the answer",
      (stream: ServerHttp2Stream): void => {
        stream.respond({ ":status": 200, "content-type": "application/grpc+proto" });
        stream.write(Buffer.alloc(3), () => stream.session?.destroy());
      },
    ],
    [
      "without a status",
      (stream: ServerHttp2Stream): void => {
        stream.respond({ ":status": 200, "content-type": "application/grpc+proto" });
        stream.end(Buffer.alloc(5));
      },
    ],
  ] as const)("is cut off %s: a read is sent again, a log-in is unavailable and sent once", async (_when, cut) => {
    let logIns = 0;
    const port = await serve((stream, nth) => (nth % 2 === 1 ? cut(stream) : (logIns++, ok(stream))));
    const { call } = clientAt(port);
    await call.getProfile({ playerId: PLAYER });
    logIns = 0;
    await expect(call.logIn({})).rejects.toMatchObject({ code: "unavailable", row: { retryable: true } });
    expect(logIns).toBe(0);
  });

  it("is not sent again without end: a callee that drops everything gets few more calls than there were", async () => {
    let served = 0;
    const port = await serve((stream) => (served++, stream.session?.destroy()));
    const metrics = createMetrics("test");
    const { call } = clientAt(port, { metrics });
    const calls = 300;
    for (let i = 0; i < calls; i += 10)
      await Promise.all(Array.from({ length: 10 }, () => call.getProfile({ playerId: PLAYER }).catch(() => undefined)));
    expect(served).toBeLessThan(calls * 1.6);
    const text = await metrics.metrics();
    expect(text).toMatch(/rpc_client_repeats_total\{[^}]*outcome="over budget"[^}]*\} \d+/);
    expect(text).toMatch(/rpc_client_repeats_total\{[^}]*outcome="sent again"[^}]*\} 1\d\d/);
  });
});

describe("one name with two addresses", () => {
  it("gets the calls in turn, also after one is gone and another has come", async () => {
    const seen: Record<string, number> = {};
    const at =
      (host: string): Answer =>
      (stream) => ((seen[host] = (seen[host] ?? 0) + 1), ok(stream));
    const port = await serve(at("127.0.0.2"), "127.0.0.2");
    await serve(at("127.0.0.3"), "127.0.0.3", port);
    await serve(at("127.0.0.4"), "127.0.0.4", port);
    let addresses = ["127.0.0.2", "127.0.0.3"];
    const { call } = clientAt(port, {
      baseUrl: `http://identity.test:${port}`,
      resolve: async () => addresses,
      resolveEveryMs: 20,
    });
    const counts = async (): Promise<Record<string, number>> => {
      for (const host of Object.keys(seen)) delete seen[host];
      for (let i = 0; i < 20; i++) await call.getProfile({ playerId: PLAYER });
      return { ...seen };
    };
    await expect.poll(counts).toEqual({ "127.0.0.2": 10, "127.0.0.3": 10 });
    addresses = ["127.0.0.3", "127.0.0.4"];
    await expect.poll(counts).toEqual({ "127.0.0.3": 10, "127.0.0.4": 10 });
  });
});

describe("a callee that was made anew at another address", () => {
  it("is found while the old address, which the name still gave, swallows what is sent to it", async () => {
    const port = await serve(ok, "127.0.0.6");
    const end = await silentAddress("127.0.0.5", port);
    try {
      let lookups = 0;
      const resolve = async (): Promise<string[]> => [lookups++ === 0 ? "127.0.0.5" : "127.0.0.6"];
      // A connection that is not made is given up after a second: this does not have so long.
      const { call } = clientAt(port, {
        baseUrl: `http://identity.test:${port}`,
        resolve,
        dependency: anyMethods(900),
      });
      await call.getProfile({ playerId: PLAYER });
    } finally {
      await end();
    }
  });

  it("is found although the answer to one question for its name was lost", async () => {
    const port = await serve(ok);
    let lookups = 0;
    const lost = new Promise<string[]>(() => undefined);
    const resolve = (): Promise<string[]> => (lookups++ === 0 ? lost : Promise.resolve(["127.0.0.1"]));
    const { call } = clientAt(port, { baseUrl: `http://identity.test:${port}`, resolve });
    await call.getProfile({ playerId: PLAYER });
    expect(lookups).toBe(2);
  });

  it("is told as missing from the first failure until it is there", async () => {
    const port = await serve(ok);
    let known = false;
    const client = clientAt(port, {
      baseUrl: `http://identity.test:${port}`,
      resolve: async () => (known ? ["127.0.0.1"] : Promise.reject(new Error("ENOTFOUND identity.test"))),
      dependency: anyMethods(50),
    });
    expect(client.check()).toBeUndefined();
    await expect(client.call.getProfile({ playerId: PLAYER })).rejects.toMatchObject({ code: "unavailable" });
    expect(client.check()).toMatch(
      /^no connection to http:\/\/identity\.test:\d+ for \d\.\d s: ENOTFOUND identity\.test$/,
    );
    known = true;
    await expect.poll(() => client.check()).toBeUndefined();
  });
});

it("every method that may be repeated is one of the contract's", () => {
  const services = [IdentityService, MatchService, ChatService, MatchmakingService];
  const methods = new Set(services.flatMap((s) => s.methods.map((m) => `${s.typeName}/${m.name}`)));
  for (const [service, names] of Object.entries(REPEATABLE_WRITES))
    for (const name of names) expect(methods).toContain(`${service}/${name}`);
});
