// The link port and unauthenticated connections: they cost almost nothing, and do not keep gateways out.
import { createHmac, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { type LinkRequest, LinkRequestSchema } from "@muster/contracts/realtime/link/v1";
import { createLogger } from "@muster/log";
import { LINK_FRAME_BYTES_MAX, LINK_VERSION, LinkFrameType, LinkWriter } from "@muster/realtime";
import { createMetrics } from "@muster/runtime";
import { until } from "@muster/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { GatewayLinkParts } from "./gateway-link.ts";
import { createLinkServer, type LinkServer } from "./link-server.ts";
import { createShardMetrics } from "../metrics.ts";

const linkKey = randomBytes(32);
const none = (): number => 0;
const registry = createMetrics("test");
const parts = {
  shardId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e",
  linkKeys: [linkKey],
  matches: { linked: () => undefined, unlinked: () => undefined },
  metrics: createShardMetrics(registry, none, none, none, () => false),
  log: createLogger("test", "silent"),
} as unknown as GatewayLinkParts;
let server: LinkServer;
const opened: Peer[] = [];

beforeAll(async () => {
  server = createLinkServer({ host: "127.0.0.1", port: 0 }, parts);
  await server.start?.();
});
afterAll(async () => {
  for (const { socket } of opened) socket.destroy();
  await server.stop?.();
});

interface Peer {
  readonly socket: Socket;
  readonly isClosed: () => boolean;
  readonly heardBytes: () => number;
}

async function peer(): Promise<Peer> {
  const socket = connect(Number(server.address.split(":")[1]), "127.0.0.1");
  let [closed, bytes] = [false, 0];
  socket.on("data", (chunk) => (bytes += chunk.length));
  socket.on("close", () => (closed = true));
  socket.on("error", () => undefined); // the close says it
  await new Promise((resolve) => socket.once("connect", resolve));
  const made = { socket, isClosed: () => closed, heardBytes: () => bytes };
  opened.push(made);
  return made;
}

function sayHello({ socket }: Peer, key: Buffer): void {
  const gatewayId = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1f";
  const proof = createHmac("sha256", key).update(gatewayId).digest();
  const message: LinkRequest["message"] = {
    case: "hello",
    value: { $typeName: "realtime.link.v1.LinkHello", gatewayId, version: LINK_VERSION, proof },
  };
  const writer = new LinkWriter(
    (chunk) => socket.write(chunk),
    (flush) => flush,
  );
  writer.plain(LinkFrameType.control, toBinary(LinkRequestSchema, create(LinkRequestSchema, { message })));
  writer.flush();
}

const closed = (one: Peer, withinMs: number): Promise<void> =>
  until(() => (one.isClosed() ? undefined : "open"), withinMs);

it("a large frame before hello is refused by its length, before it is here", async () => {
  const other = await peer();
  const head = Buffer.alloc(6);
  head.writeUInt32LE(LINK_FRAME_BYTES_MAX);
  head[4] = LinkFrameType.control;
  other.socket.write(head);
  await closed(other, 1000);
});

it("who knows another key is refused", async () => {
  const other = await peer();
  sayHello(other, randomBytes(32));
  await closed(other, 1000);
});

it("who goes on without a hello is cut, whether it says nothing or a byte now and then", async () => {
  const [silent, slow] = [await peer(), await peer()];
  const drip = setInterval(() => slow.socket.write(Buffer.from([1])), 900);
  try {
    await Promise.all([closed(silent, 3500), closed(slow, 3500)]);
  } finally {
    clearInterval(drip);
  }
});

it("unauthenticated connections do not displace a gateway, and are counted", async () => {
  const gateway = await peer();
  sayHello(gateway, linkKey);
  await until(() => (gateway.heardBytes() > 0 ? undefined : "no welcome"), 500);
  const silent: Peer[] = [];
  for (let i = 0; i < 100; i++) silent.push(await peer());
  await until(() => (silent.filter((one) => one.isClosed()).length >= 36 ? undefined : "too many are open"), 1500);
  const late = await peer();
  sayHello(late, linkKey);
  await until(() => (late.heardBytes() > 0 ? undefined : "no welcome"), 500);
  expect(gateway.isClosed()).toBe(false);
  expect(await registry.metrics()).toMatch(/shard_links_unauthenticated_total\{[^}]*\} (3\d|4\d)/);
});

it("a burst of unauthenticated connections never exceeds the limit: the oldest are closed in the same iteration of the event loop", async () => {
  const burst = await Promise.all(Array.from({ length: 300 }, () => peer()));
  const open = (): number => burst.filter((one) => !one.isClosed()).length;
  // Sooner than they would be cut for saying nothing.
  await until(() => (open() <= 64 ? undefined : `${open()} are open`), 1000);
  expect(open()).toBe(64);
  for (const { socket } of burst) socket.destroy();
});

it("stops within its time while a gateway keeps its half open, another end says nothing, and a third has said half of a frame", async () => {
  const own = createLinkServer({ host: "127.0.0.1", port: 0 }, parts);
  await own.start?.();
  const at = { port: Number(own.address.split(":")[1]), host: "127.0.0.1", allowHalfOpen: true };
  const ends = [connect(at), connect(at), connect(at)] as [Socket, Socket, Socket];
  for (const socket of ends) socket.on("error", () => undefined);
  await Promise.all(ends.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  sayHello({ socket: ends[0] } as Peer, linkKey);
  await new Promise((resolve) => ends[0].once("data", resolve));
  ends[0].pause();
  ends[2].write(Buffer.from([100, 0]));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const since = performance.now();
  await own.stop?.();
  expect(performance.now() - since).toBeLessThan(2000);
  for (const socket of ends) socket.destroy();
});
