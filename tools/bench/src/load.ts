// The load on Muster: guests queue, play and send 30 inputs per second each. A few of them decode every frame and time their
// acknowledgements; the others only count frames. Usage: load.ts EDGE_URL GATEWAY_URL MATCHES SECONDS [SPECTATORS of the
// first match]
import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";
import { duel } from "@muster/game-duel";
import { inputCodecOf, SnapshotDecoder } from "@muster/game-kit";
import { decodeServerControl, encodeClientControl, encodeInput, PROTOCOL_VERSION, SUBPROTOCOL } from "@muster/realtime";
import WebSocket from "ws";
import { percentile } from "@muster/testkit/numbers";

const [edgeUrl = "", gatewayUrl = "", matchCount, secondsText, spectatorsText = "0"] = process.argv.slice(2);
const players = Number(matchCount) * 2;
const seconds = Number(secondsText);
const SAMPLED = 16;
/**
 * Until the engine has compiled what there is: after 4 s its threads still took a tenth of gateway and shard, after 15 s
 * nothing worth counting. (The competitors' programs wait for 2 and 3 s: they have less to compile, and are done by then.)
 */
const SETTLE_MS = 15_000;
const CONNECT_AT_ONCE = 20;

const input = inputCodecOf(duel.input);
const counts = { snapshots: 0, bytes: 0 };
const ackMs: number[] = [];
let measuring = false;

class Player {
  matchId = "";
  #acked = 0;
  #seat = 0;
  #socket: WebSocket | undefined;
  readonly #sentAt = new Map<number, number>();
  readonly #decoder: SnapshotDecoder<typeof duel.state> | undefined;

  constructor(sampled: boolean) {
    this.#decoder = sampled ? new SnapshotDecoder(duel) : undefined;
  }

  /** Takes a seat, or watches a match. */
  async enter(watched?: string): Promise<void> {
    const client = new MusterClient({ url: edgeUrl });
    await client.logInGuest(randomBytes(16).toString("hex"));
    const accessToken = await client.accessToken();
    const socket = new WebSocket(gatewayUrl, SUBPROTOCOL, { perMessageDeflate: false });
    this.#socket = socket;
    const joined = Promise.withResolvers<void>();
    socket.on("open", () =>
      socket.send(
        encodeClientControl({ message: { case: "hello", value: { accessToken, protocolVersion: PROTOCOL_VERSION } } }),
      ),
    );
    socket.on("close", (code) => joined.reject(new Error(`closed with ${code}`)));
    socket.on("error", joined.reject);
    socket.on("message", (frame: Buffer) => {
      if (frame[0] !== 1) return this.#onSnapshot(frame);
      const { message } = decodeServerControl(frame);
      if (message.case === "welcome")
        socket.send(
          encodeClientControl({
            message:
              watched === undefined
                ? { case: "enqueue", value: { mode: "duel" } }
                : { case: "watchMatch", value: { matchId: watched } },
          }),
        );
      if (message.case === "watching") joined.resolve();
      if (message.case === "matchFound")
        socket.send(
          encodeClientControl({ message: { case: "joinMatch", value: { seatTicket: message.value.seatTicket } } }),
        );
      if (message.case === "matchJoined") {
        this.#seat = message.value.seat;
        this.matchId = message.value.matchId;
        joined.resolve();
      }
      if (message.case === "error" || message.case === "matchCancelled")
        joined.reject(new Error(JSON.stringify(message.value)));
    });
    await joined.promise;
  }

  /** Everybody has sent the same number of inputs, so one frame is everybody's. */
  send(seq: number, frame: Uint8Array): void {
    if (this.#decoder) this.#sentAt.set(seq, performance.now());
    this.#socket?.send(frame);
  }

  #onSnapshot(frame: Buffer): void {
    counts.snapshots++;
    counts.bytes += frame.length;
    if (!this.#decoder) return;
    const snapshot = this.#decoder.apply(frame);
    if (!snapshot) throw new Error("a sampled client could not apply a frame");
    const acked = snapshot.acks[this.#seat] as number;
    for (; this.#acked < acked; this.#acked++) {
      const sentAt = this.#sentAt.get(this.#acked + 1);
      this.#sentAt.delete(this.#acked + 1);
      if (measuring && sentAt !== undefined) ackMs.push(performance.now() - sentAt);
    }
  }
}

const all = Array.from({ length: players }, (_, i) => new Player(i % Math.max(1, Math.floor(players / SAMPLED)) === 0));
for (let from = 0; from < players; from += CONNECT_AT_ONCE)
  await Promise.all(all.slice(from, from + CONNECT_AT_ONCE).map((player) => player.enter()));
const spectators = Array.from({ length: Number(spectatorsText) }, () => new Player(false));
for (let from = 0; from < spectators.length; from += CONNECT_AT_ONCE)
  await Promise.all(
    spectators.slice(from, from + CONNECT_AT_ONCE).map((spectator) => spectator.enter(all[0]?.matchId)),
  );
// As fast as it goes, as the competitors' programs do: what takes long in here comes to the server piece by piece, and each
// piece wakes it up. With an encode per player the gateway was woken 4,000 times a second.
let seq = 0;
setInterval(() => {
  seq++;
  const held = {
    left: ((seq >> 4) & 1) === 0,
    right: ((seq >> 5) & 1) === 0,
    thrust: ((seq >> 3) & 1) === 0,
    fire: (seq & 7) === 0,
  };
  const frame = encodeInput(seq, 0, input.encode(held));
  for (const player of all) player.send(seq, frame);
}, 1000 / 30);

await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
console.log("measuring");
measuring = true;
const [startedAt, cpu, snapshots, bytes] = [performance.now(), process.cpuUsage(), counts.snapshots, counts.bytes];
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const took = (performance.now() - startedAt) / 1000;
const used = process.cpuUsage(cpu);
console.log("measured");
console.log(
  JSON.stringify({
    seconds: took,
    snapshots: counts.snapshots - snapshots,
    bytes: counts.bytes - bytes,
    ackMsP99: percentile(ackMs, 0.99),
    loadCpuPercent: (used.user + used.system) / 1e4 / took,
  }),
);
process.exit(0);
