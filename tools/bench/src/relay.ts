// The gateway's part of a tick, without players' sockets: it writes the inputs of all connections to the link and sends the
// ticks from the link to all connections. Connections, seats and link are real; the shard is a fake on a real socket, and
// writes to players are only counted.
//
//   node src/relay.ts [--matches 50,300,1000] [--ticks 600] [--rounds 3] [--json]
import { once } from "node:events";
import { createServer, type Socket as TcpSocket } from "node:net";
import { programOptions } from "@muster/testkit/program-options";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type LinkRequest, LinkRequestSchema, LinkResponseSchema } from "@muster/contracts/realtime/link/v1";
import { createLogger } from "@muster/log";
import { DEPENDENCIES } from "@muster/resilience";
import {
  encodeClientControl,
  encodeInput,
  LINK_VERSION,
  LinkFrameType,
  LinkReader,
  LinkWriter,
  PROTOCOL_VERSION,
  PUBLIC_VIEW,
} from "@muster/realtime";
import {
  Connection,
  type OwnedConnectionParts,
  ControlBudgets,
  ControlWork,
  InputBatch,
  readInputsAhead,
  MatchRegistry,
  ShardLinks,
  type Socket,
} from "@muster/realtime-gateway/testing";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    matches: { type: "string", default: "50,300,1000" },
    ticks: { type: "string", default: "600" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});

/** As a duel has them, bytes. */
const RECORD = new Uint8Array(4);
const DELTA = new Uint8Array(14).fill(0x55);
const KEYFRAME = new Uint8Array(90);
const INPUT_PAYLOAD = new Uint8Array(1);
const KEYFRAME_EVERY_TICKS = 60;
const FOREVER_MS = 1e9;
const log = createLogger("bench", "error");

/** Answers joins at once, and ticks when told to. */
class StandInShard {
  inputs = 0;
  readonly #server = createServer((socket) => this.#onLink(socket));
  #writer: LinkWriter | undefined;
  #tick = 0;

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** One write for all matches, as the shard's own. */
  tick(matches: number): void {
    const writer = this.#writer as LinkWriter;
    const tick = ++this.#tick;
    for (let channel = 1; channel <= matches; channel++) {
      writer.tick(channel, tick, 0, RECORD, DELTA);
      if (tick % KEYFRAME_EVERY_TICKS === 0) writer.view(LinkFrameType.keyframe, channel, PUBLIC_VIEW, KEYFRAME);
    }
    writer.flush();
  }

  close(): void {
    this.#server.close();
  }

  #onLink(socket: TcpSocket): void {
    socket.setNoDelay(true);
    this.#writer = new LinkWriter((chunk) => socket.write(chunk), setImmediate);
    const reader = new LinkReader((type, bytes, from, to) => {
      if (type === LinkFrameType.input) this.inputs++;
      if (type === LinkFrameType.control) this.#onControl(fromBinary(LinkRequestSchema, bytes.subarray(from, to)));
    });
    socket.on("data", (chunk) => reader.push(chunk));
    socket.on("error", () => undefined);
  }

  #onControl({ message }: LinkRequest): void {
    if (message.case === "hello")
      this.#control({ message: { case: "welcome", value: { shardId: "bench", version: LINK_VERSION } } });
    if (message.case !== "join") return;
    const { matchId, channel, seat } = seatOf(Number(message.value.seatTicket));
    if (seat === 0) this.#control({ message: { case: "follow", value: { channel, matchId, epoch: 1 } } });
    const value = { session: message.value.session, channel, matchId, seat, seats: 2, tickRate: 30, gameId: "duel" };
    this.#control({ message: { case: "joined", value } });
    this.#writer?.view(LinkFrameType.keyframe, channel, PUBLIC_VIEW, KEYFRAME);
  }

  #control(message: MessageInitShape<typeof LinkResponseSchema>): void {
    this.#writer?.plain(LinkFrameType.control, toBinary(LinkResponseSchema, create(LinkResponseSchema, message)));
  }
}

/** A player's socket whose peer reads at once. */
class CountingSocket implements Socket {
  sent = 0;
  send(): "sent" {
    this.sent++;
    return "sent";
  }
  ping(): "sent" {
    return "sent";
  }
  bufferedBytes(): number {
    return 0;
  }
  end(): void {}
  terminate(): void {}
}

function seatOf(player: number): { matchId: string; channel: number; seat: number } {
  return { matchId: `match ${player >> 1}`, channel: (player >> 1) + 1, seat: player & 1 };
}

/** What is not on the path of a tick does nothing. */
function partsFor(matches: MatchRegistry, shardAddress: string): OwnedConnectionParts {
  return {
    tokens: {
      verify: async (token: string) => ({ playerId: token, playerName: token, expiresAt: FOREVER_MS }),
      isRevoked: () => false,
    },
    seatTickets: {
      open(ticket: string) {
        const { matchId, seat } = seatOf(Number(ticket));
        return { kind: "valid", claims: { matchId, epoch: 1, seat, playerId: ticket, shardAddress } };
      },
    },
    matches,
    metrics: { control: () => undefined, closed: () => undefined, refused: () => undefined },
    log,
    now: Date.now,
    budgets: new ControlBudgets(),
    work: new ControlWork({ now: () => 0, nextTurn: setImmediate }),
    limits: { inputsPerS: FOREVER_MS, floodPerS: FOREVER_MS },
    onAuthenticated: () => undefined,
  } as unknown as OwnedConnectionParts;
}

/** Microseconds of CPU per player and tick, stand-in included. */
async function measure(matches: number, ticks: number): Promise<number> {
  const shard = new StandInShard();
  const address = await shard.start();
  const metrics = { sent() {}, skipped() {}, caughtUp() {}, moved() {}, lost() {} };
  const registry: MatchRegistry = new MatchRegistry({
    linkTo: (to) => links.to(to),
    isCutOff: () => links.isCutOff,
    ask: () => undefined,
    spectators: { delayMs: 0, perMatchMax: 0 },
    metrics,
    log,
  });
  const linkOptions = { gatewayId: "bench", linkKey: Buffer.alloc(32), suspectAfterMs: FOREVER_MS };
  const links: ShardLinks = new ShardLinks({
    dependency: DEPENDENCIES["realtime-gateway"].shard.links,
    ...linkOptions,
    events: registry,
    onLinked: () => undefined,
    log,
  });
  const parts = partsFor(registry, address);
  const sockets = Array.from({ length: matches * 2 }, () => new CountingSocket());
  const connections = sockets.map((socket) => new Connection(socket, parts));
  const sent = (): number => sockets.reduce((sum, socket) => sum + socket.sent, 0);

  for (const [player, connection] of connections.entries()) {
    const hello = { accessToken: String(player), protocolVersion: PROTOCOL_VERSION };
    connection.onMessage(encodeClientControl({ message: { case: "hello", value: hello } }), true);
    await Promise.resolve(); // the token is verified
    const join = { seatTicket: String(player) };
    connection.onMessage(encodeClientControl({ message: { case: "joinMatch", value: join } }), true);
  }
  // Welcome, joined, keyframe: so many before the first tick.
  await reached(() => sent() === sockets.length * 3, "not all players have joined");

  const input = encodeInput(1, 0, INPUT_PAYLOAD);
  // In the place of uWebSockets' objects.
  const carriers = connections.map((connection) => ({ connection }));
  const inputs = new InputBatch<{ readonly connection: Connection }>(
    {
      input: ({ connection }, bytes, from, to) => connection.onInput(bytes, from, to),
      readAhead: readInputsAhead,
    },
    { afterWindow: setImmediate, afterTurn: setImmediate, coalesceWakeUps: () => undefined },
  );
  const before = { sent: sent(), inputs: shard.inputs };
  const warm = Math.ceil(ticks / 4);
  let cpu = process.cpuUsage();
  for (let tick = 1; tick <= ticks + warm; tick++) {
    if (tick === warm + 1) cpu = process.cpuUsage();
    for (const carrier of carriers) inputs.add(carrier, input);
    shard.tick(matches);
    const last = sockets.at(-1) as CountingSocket;
    const wanted = 3 + tick;
    await reached(() => last.sent >= wanted && shard.inputs >= tick * sockets.length, `tick ${tick} did not arrive`);
  }
  const used = process.cpuUsage(cpu);
  if (sent() - before.sent !== (ticks + warm) * sockets.length || shard.inputs !== (ticks + warm) * sockets.length)
    throw new Error(`${sent() - before.sent} snapshots and ${shard.inputs} inputs in ${ticks + warm} ticks`);
  links.closeAll();
  shard.close();
  return (used.user + used.system) / ticks / sockets.length;
}

/** Turns of the event loop, bounded. */
async function reached(condition: () => boolean, otherwise: string): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 1_000_000) throw new Error(otherwise);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const counts = values.matches.split(",").map(Number);
await measure(100, 300); // the compiler's
const rounds: number[][] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const row: number[] = [];
  for (const count of counts)
    row.push(await measure(count, Math.max(60, Math.floor((Number(values.ticks) * 300) / count))));
  rounds.push(row);
}
if (values.json) {
  console.log(JSON.stringify({ us: median(rounds.flat()) }));
  process.exit();
}
const first = median(rounds.map((round) => round[0])) as number;
console.log("matches   µs per player and tick   ratio to first");
for (const [i, count] of counts.entries()) {
  const us = median(rounds.map((round) => round[i])) as number;
  console.log(`${String(count).padStart(7)}   ${us.toFixed(3).padStart(22)}   ${(us / first).toFixed(2).padStart(12)}`);
}
process.exit();
