// All connections of a client: one to each address that the service's host name resolves to. Calls are spread over them round
// robin, except to those that do not answer while others do (replica-health.ts). Lost connections are reopened, names are resolved again periodically, and connections to addresses that are no
// longer listed are closed.
import { lookup } from "node:dns/promises";
import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { retryDelayMs } from "@muster/runtime";
import { Connection, type Pings } from "./connection.ts";
import { healthy, ReplicaHealth } from "./replica-health.ts";

/** The addresses that a host name stands for. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface ChannelOptions {
  /** http://host:port */
  readonly baseUrl: string;
  readonly resolve?: Resolve | undefined;
  readonly resolveEveryMs?: number | undefined;
  readonly pings?: Pings | undefined;
  /** A replica is left out from now on. */
  readonly onLeftOut?: ((address: string) => void) | undefined;
  /** Instead of the usual time: for tests. */
  readonly leftOutMs?: number | undefined;
  readonly connectMs: number;
}

/** Nothing was sent: no connection could be had. */
export class NotConnectedError extends Error {
  override readonly name = "NotConnectedError";
  /** It was waited for already, as long as made sense. */
  readonly waited: boolean;

  constructor(authority: string, waited: boolean, cause: unknown) {
    super(`no connection to ${authority}`, { cause });
    this.waited = waited;
  }
}

/** A new replica gets its share after this long, a fifth more, and the time to connect. */
export const RESOLVE_EVERY_MS = 15_000;
/** A name server's packet that is lost costs the system's resolver 5 s: after this long the name is asked for once more beside it. */
const LOOKUP_MS_MAX = 1000;
/** At once: each holds a thread of the process's few. */
const LOOKUPS_MAX = 2;
const RETRY_MS_FIRST = 20;
const RETRY_MS_MAX = 250;
/** A callee that restarts is waited for as long as this; one that stays away is an error at once. */
const PATIENCE_MS = 3000;
/** Calls that wait for a connection. Policy at the limit: refused as unavailable. */
const WAITING_MAX = 2000;

interface Endpoint {
  readonly health: ReplicaHealth;
  connection: Connection | undefined;
  failures: number;
  nextTryAt: number;
  connecting: boolean;
}

export class Channel {
  readonly authority: string;
  readonly #hostname: string;
  readonly #resolve: Resolve;
  readonly #resolveEveryMs: number;
  readonly #pings: Pings | undefined;
  readonly #onLeftOut: (address: string) => void;
  readonly #leftOutMs: number | undefined;
  readonly #connectMs: number;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #waiting = new Set<() => void>();
  #next = 0;
  #stopped = false;
  #started = false;
  #resolveAt = 0;
  #resolvedAt = 0;
  #lookUps = { begun: 0, beganAt: 0, running: 0, answered: 0 };
  /** Since when there has been no usable connection although one was wanted. */
  #failingSince: number | undefined;
  #lastFailure: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor({
    baseUrl,
    resolve = lookUpAll,
    resolveEveryMs = RESOLVE_EVERY_MS,
    pings,
    connectMs,
    onLeftOut = () => undefined,
    leftOutMs,
  }: ChannelOptions) {
    const url = new URL(baseUrl);
    this.authority = url.origin;
    this.#hostname = url.hostname.replace(/^\[|\]$/g, "");
    this.#resolve = resolve;
    this.#resolveEveryMs = resolveEveryMs;
    this.#pings = pings;
    this.#onLeftOut = onLeftOut;
    this.#leftOutMs = leftOutMs;
    this.#connectMs = connectMs;
  }

  /**
   * Resolves when a stream can be opened.
   * @throws NotConnectedError after `waitMs`, or at once when nobody has answered for a while.
   */
  async ready(waitMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#usable() > 0) return;
    this.#kick();
    const deadline = performance.now() + waitMs;
    while (this.#usable() === 0) {
      const now = performance.now();
      const until = Math.min(deadline, (this.#failingSince ?? now) + PATIENCE_MS);
      if (this.#stopped || signal?.aborted || now >= until || this.#waiting.size >= WAITING_MAX)
        throw new NotConnectedError(this.authority, true, this.#lastFailure);
      await this.#change(until - now, signal);
    }
  }

  /** Call ready() first. @throws NotConnectedError */
  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    for (;;) {
      const { connection, health } = this.#pick() ?? {};
      if (!connection) throw new NotConnectedError(this.authority, false, this.#lastFailure);
      try {
        const stream = connection.request({ ...headers, ":method": method, ":path": path });
        health?.watch(stream, headers);
        return stream;
      } catch (err) {
        if (connection.usable) throw err;
      }
    }
  }

  /** Why nothing can be sent, once a connection was wanted and could not be had; undefined when there is one, or none was wanted yet. */
  get failure(): string | undefined {
    if (this.#failingSince === undefined || this.#usable() > 0) return undefined;
    const seconds = ((performance.now() - this.#failingSince) / 1000).toFixed(1);
    return `no connection to ${this.authority} for ${seconds} s: ${reasonOf(this.#lastFailure)}`;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const { connection } of this.#endpoints.values()) connection?.destroy("the client was stopped");
    this.#endpoints.clear();
    this.#wakeAll();
  }

  #usable(): number {
    let count = 0;
    for (const { connection } of this.#endpoints.values()) if (connection?.usable) count++;
    return count;
  }

  /** The next one round. */
  #pick(): Endpoint | undefined {
    const usable: Endpoint[] = [];
    for (const endpoint of this.#endpoints.values()) if (endpoint.connection?.usable) usable.push(endpoint);
    const taking = healthy(usable, performance.now());
    return taking[this.#next++ % taking.length];
  }

  /** At least half of them are well meanwhile: what all fail, they fail less if all share it. */
  #mayLeaveOut(address: string, failing: ReplicaHealth): boolean {
    const better = [...this.#endpoints.values()].filter(({ health }) => health.isBetterThan(failing)).length;
    if (better * 2 < this.#endpoints.size) return false;
    this.#onLeftOut(address);
    return true;
  }

  /** Until something changes, or the time is up. */
  #change(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
      this.#waiting.add(done);
    });
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Looks up what is due, connects to what has no connection and is due, and comes back when more is. */
  #kick(): void {
    if (this.#stopped) return;
    this.#started = true;
    const now = performance.now();
    // Without a connection, also while one is tried: a packet to an address that nobody has any more is lost in silence.
    const resolveAt = this.#usable() > 0 ? this.#resolveAt : Math.min(this.#resolveAt, this.#resolvedAt + RETRY_MS_MAX);
    if (now >= Math.max(resolveAt, this.#nextLookUpAt())) this.#lookUp().catch((err: unknown) => this.#failed(err));
    let nextAt = Math.max(resolveAt, this.#nextLookUpAt());
    for (const [address, endpoint] of this.#endpoints) {
      if (endpoint.connecting || endpoint.connection?.usable) continue;
      if (now >= endpoint.nextTryAt) this.#connect(address, endpoint);
      else nextAt = Math.min(nextAt, endpoint.nextTryAt);
    }
    clearTimeout(this.#timer);
    if (nextAt !== Infinity) this.#timer = setTimeout(() => this.#kick(), Math.max(5, nextAt - now)).unref();
  }

  /** Infinity: when one of those on their way has ended. */
  #nextLookUpAt(): number {
    const { running, beganAt } = this.#lookUps;
    if (running === 0) return 0;
    return running < LOOKUPS_MAX ? beganAt + LOOKUP_MS_MAX : Infinity;
  }

  async #lookUp(): Promise<void> {
    const nth = ++this.#lookUps.begun;
    this.#lookUps.beganAt = performance.now();
    this.#lookUps.running++;
    try {
      const found = new Set(await this.#resolve(this.#hostname));
      if (this.#stopped || nth < this.#lookUps.answered) return;
      this.#lookUps.answered = nth;
      for (const [address, endpoint] of this.#endpoints) {
        if (found.has(address)) continue;
        endpoint.connection?.retire();
        this.#endpoints.delete(address);
      }
      for (const address of found)
        if (!this.#endpoints.has(address)) this.#endpoints.set(address, this.#endpoint(address));
      this.#resolveAt = performance.now() + this.#resolveEveryMs * (0.8 + Math.random() * 0.4);
    } catch (err) {
      // The addresses from before are still good.
      this.#failed(err);
      this.#resolveAt = performance.now() + RETRY_MS_MAX;
    } finally {
      this.#lookUps.running--;
      this.#resolvedAt = performance.now();
    }
    this.#kick();
  }

  #endpoint(address: string): Endpoint {
    const health = new ReplicaHealth((failing) => this.#mayLeaveOut(address, failing), this.#leftOutMs);
    return { health, connection: undefined, failures: 0, nextTryAt: 0, connecting: false };
  }

  #connect(address: string, endpoint: Endpoint): void {
    endpoint.connecting = true;
    const connection = new Connection({
      origin: this.authority,
      address,
      connectMs: this.#connectMs,
      onGone: () => this.#lost(endpoint),
      pings: this.#pings,
    });
    endpoint.connection = connection;
    connection.ready.then(
      () => {
        endpoint.connecting = false;
        endpoint.failures = 0;
        if (this.#endpoints.get(address) !== endpoint)
          return connection.destroy("the address is no longer one of the service's");
        this.#failingSince = undefined;
        this.#wakeAll();
      },
      (err: unknown) => {
        endpoint.connecting = false;
        endpoint.connection = undefined;
        endpoint.nextTryAt =
          performance.now() + retryDelayMs(++endpoint.failures, { firstMs: RETRY_MS_FIRST, maxMs: RETRY_MS_MAX });
        this.#failed(err);
        // It may have another address by now.
        this.#resolveAt = Math.min(this.#resolveAt, performance.now() + RETRY_MS_MAX);
        if (this.#endpoints.has(address)) this.#kick();
      },
    );
  }

  /** At once: a callee that restarts in good order has often been followed by the next already. */
  #lost(endpoint: Endpoint): void {
    if (endpoint.connection?.unresponsive) endpoint.health.stuck();
    endpoint.connection = undefined;
    endpoint.nextTryAt = 0;
    if (this.#started) setImmediate(() => this.#kick());
  }

  #failed(err: unknown): void {
    this.#lastFailure = err;
    if (this.#usable() === 0) this.#failingSince ??= performance.now();
  }
}

function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

async function lookUpAll(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
