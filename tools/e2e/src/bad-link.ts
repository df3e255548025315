// A link as players have it: late, narrow, stalling as TCP does when a packet was lost, or not read at all. A proxy
// between a client and a gateway. What it holds back stays in its own queues only as far as latency needs; beyond that it
// stops reading, and the kernel's buffers fill.
import { connect, createServer, type Server, type Socket } from "node:net";

export interface LinkQuality {
  /** One way, ms. */
  latencyMs?: number;
  /** Down to the client. */
  bytesPerS?: number;
  /** Nothing is read from the gateway. */
  paused?: boolean;
  /** Nothing goes either way, and nobody says so. */
  dead?: boolean;
  /** Chance that a chunk was lost: it and what is behind it waits until it was sent again. */
  loss?: number;
  /** How long that takes, ms. */
  stallMs?: number;
}

export interface BadLink {
  readonly url: string;
  /** May be changed at any time. */
  readonly quality: LinkQuality;
  /** Ends what is open, and what comes, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Chunks of the throttle. */
const EVERY_MS = 20;

export async function openBadLink(gatewayUrl: string, quality: LinkQuality, random: () => number): Promise<BadLink> {
  const to = new URL(gatewayUrl);
  const sockets = new Set<Socket>();
  let refusing = false;
  const server: Server = createServer((client) => {
    if (refusing) return void client.destroy();
    const gateway = connect({ host: to.hostname, port: Number(to.port), noDelay: true });
    client.setNoDelay(true);
    for (const socket of [client, gateway]) {
      sockets.add(socket);
      socket.on("error", () => undefined); // the other side hears of it by the close
    }
    forward(client, gateway, quality, random, false);
    forward(gateway, client, quality, random, true);
    client.on("close", () => gateway.destroy());
    gateway.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}${to.pathname}`,
    quality,
    cut() {
      refusing = true;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    mend() {
      refusing = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(from: Socket, to: Socket, quality: LinkQuality, random: () => number, down: boolean): void {
  const delayed: Buffer[] = [];
  let lastAt = 0;
  let credit = 0;
  from.on("data", (chunk: Buffer) => {
    if (quality.dead) return from.pause().unshift(chunk); // at once: a join may be on its way before the timer looks
    const lost = random() < (quality.loss ?? 0) ? (quality.stallMs ?? 0) : 0;
    // In order, as TCP delivers: what is behind a lost packet waits for it.
    lastAt = Math.max(lastAt, performance.now() + (quality.latencyMs ?? 0) + lost);
    const wait = lastAt - performance.now();
    if (wait <= 0 && delayed.length === 0) {
      to.write(chunk);
    } else {
      // Timers of nearly the same moment may fire in any order: each lets the oldest chunk go.
      delayed.push(chunk);
      setTimeout(() => to.write(delayed.shift() as Buffer), Math.max(0, wait));
    }
    credit -= chunk.length;
  });
  const timer = setInterval(() => {
    if (quality.dead || (down && quality.paused)) return void from.pause();
    if (!down || quality.bytesPerS === undefined) return void from.resume();
    credit = Math.min(quality.bytesPerS / 10, credit + (quality.bytesPerS * EVERY_MS) / 1000);
    if (credit > 0) from.resume();
    else from.pause();
  }, EVERY_MS);
  from.on("close", () => clearInterval(timer));
}
