// What lies between two processes, as networks have it: late, narrow, silent, or gone. A TCP proxy on the loopback interface. What it holds
// back stays in its own queues only as far as latency needs; beyond that it stops reading, and the kernel's buffers fill.
import { connect, createServer, type Server, type Socket } from "node:net";

/** May be changed at any time; applies to what is open and to what comes. */
export interface Faults {
  /** One way, ms. */
  latencyMs?: number;
  /** More than that, up to so much, ms; the order is kept. */
  jitterMs?: number;
  /** Down to the client. */
  bytesPerS?: number;
  /** Nothing is read from the server. */
  paused?: boolean;
  /** Nothing goes either way, and nobody says so: neither who is connected nor who connects. */
  dead?: boolean;
  /** Who connects is turned away at once. */
  refusing?: boolean;
  /** Chance that a chunk was lost: it and what is behind it waits until it was sent again. */
  loss?: number;
  /** How long that takes, ms. */
  stallMs?: number;
}

export interface FaultProxy {
  readonly port: number;
  readonly faults: Faults;
  /** Connections that are open. */
  readonly open: number;
  /** Ends what is open: in order, or with RST. */
  cut(how?: "end" | "reset"): void;
  /** The server's side is ended, and the client is not told: as when a box between them has forgotten the connection. */
  forgetClients(): void;
  /** No faults any more. */
  mend(): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly to: { readonly host: string; readonly port: number };
  readonly faults?: Faults;
  /** From 0 to 1: of jitter and loss. */
  readonly random?: () => number;
}

/** Chunks of the throttle. */
const EVERY_MS = 20;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** The client is not told of the server's end. */
  forgotten: boolean;
}

export async function openFaultProxy({
  to,
  faults = {},
  random = Math.random,
}: FaultProxyOptions): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  const listener: Server = createServer((client) => {
    if (faults.refusing) return void client.resetAndDestroy();
    const server = connect({ host: to.host, port: to.port, noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, server, forgotten: false };
    pairs.add(pair);
    for (const socket of [client, server]) socket.on("error", () => undefined); // the other side hears of it by the close
    forward(client, server, faults, random, false);
    forward(server, client, faults, random, true);
    client.on("close", () => {
      pairs.delete(pair);
      server.destroy();
    });
    server.on("close", () => {
      if (!pair.forgotten) client.destroy();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as { port: number }).port,
    faults,
    get open() {
      return pairs.size;
    },
    cut(how = "end") {
      for (const { client, server } of pairs)
        for (const socket of [client, server]) {
          if (how === "reset") socket.resetAndDestroy();
          else socket.destroy();
        }
    },
    forgetClients() {
      for (const pair of pairs) {
        pair.forgotten = true;
        pair.server.destroy();
      }
    },
    mend() {
      for (const name of Object.keys(faults) as (keyof Faults)[]) delete faults[name];
      // As in a network: what was lost for so long is not sent any more.
      for (const { client, forgotten } of pairs) if (forgotten) client.destroy();
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function forward(from: Socket, to: Socket, faults: Faults, random: () => number, down: boolean): void {
  const delayed: Buffer[] = [];
  let lastAt = 0;
  let credit = 0;
  from.on("data", (chunk: Buffer) => {
    if (faults.dead) return from.pause().unshift(chunk); // at once: a request may be on its way before the timer looks
    const lost = random() < (faults.loss ?? 0) ? (faults.stallMs ?? 0) : 0;
    const lateMs = (faults.latencyMs ?? 0) + random() * (faults.jitterMs ?? 0);
    // In order, as TCP delivers: what is behind a lost packet waits for it.
    lastAt = Math.max(lastAt, performance.now() + lateMs + lost);
    const wait = lastAt - performance.now();
    if (wait <= 0 && delayed.length === 0) {
      to.write(chunk);
    } else {
      // Timers of nearly the same moment may fire in any order: each lets the oldest chunk go.
      delayed.push(chunk);
      setTimeout(() => to.write(delayed.shift() as Buffer), Math.max(0, wait));
    }
    credit -= chunk.length;
    if (down && faults.bytesPerS !== undefined && credit <= 0) from.pause(); // what was read beyond it is paid for by waiting
  });
  const timer = setInterval(() => {
    if (faults.dead || (down && faults.paused)) return void from.pause();
    if (!down || faults.bytesPerS === undefined) return void from.resume();
    credit = Math.min(faults.bytesPerS / 10, credit + (faults.bytesPerS * EVERY_MS) / 1000);
    if (credit > 0) from.resume();
    else from.pause();
  }, EVERY_MS);
  from.on("close", () => clearInterval(timer));
}
