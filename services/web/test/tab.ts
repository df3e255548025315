// A tab without a browser, for tests of what the page keeps beside its components. Import it before anything of the page.
import {
  type ConnectionState,
  type FoundMatch,
  type MatchEnd,
  type Message,
  MusterError,
  type Player,
  type PlayingMatch,
  type Realtime,
} from "@muster/client";
import { vi } from "vitest";

vi.stubGlobal("location", { origin: "http://muster.test" });
vi.stubGlobal("document", { documentElement: { dataset: {}, lang: "" } });
const kept = new Map<string, string>();
export const storage = {
  getItem: (name: string): string | undefined => kept.get(name),
  setItem: (name: string, value: string): unknown => kept.set(name, value),
  removeItem: (name: string): unknown => kept.delete(name),
};
vi.stubGlobal("localStorage", storage);
vi.stubGlobal("reportError", (err: unknown) => {
  throw err; // a rejection that nobody handles fails the test
});

export function somebody(name: string): Player {
  return { playerId: `id-of-${name}`, name, kind: "guest", role: "player" } as Player;
}

export function message(seq: number, body = `message ${seq}`): Message {
  const [authorId, sentAt] = ["id-of-eve", new Date(seq)];
  return { channelId: "room", seq, authorId, authorName: "eve", body, sentAt, edited: false, deleted: false };
}

type ChatListeners = Parameters<Realtime["subscribeToChat"]>[0];

/** Of the SDK's connection what the page calls; a test says when the server answers. */
export class FakeConnection {
  subscribed = Promise.withResolvers<void>();
  chat: ChatListeners | undefined;
  readonly found = Promise.withResolvers<FoundMatch>();
  readonly joined = Promise.withResolvers<PlayingMatch>();
  readonly #listeners = new Set<(state: ConnectionState) => void>();

  readonly queue = vi.fn((_mode: string, { signal }: { signal: AbortSignal }): Promise<FoundMatch> => {
    signal.addEventListener("abort", () => this.found.reject(new MusterError("cancelled", "left")));
    return this.found.promise;
  });
  readonly join = vi.fn((_found: FoundMatch): Promise<PlayingMatch> => this.joined.promise);

  readonly subscribeToChat = vi.fn((listeners: ChatListeners): Promise<void> => {
    this.chat = listeners;
    return this.subscribed.promise;
  });

  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    listener({ state: "connected" });
    return () => this.#listeners.delete(listener);
  }

  onClosed(listener: () => void): void {
    this.#listeners.add(({ state }) => state === "closed" && listener());
  }

  tell(state: ConnectionState["state"]): void {
    const reason = state === "connected" ? undefined : new MusterError("closed", "by the test");
    const listeners = Array.from(this.#listeners); // as the SDK: who leaves meanwhile is told all the same
    for (const listener of listeners) listener({ state, reason } as ConnectionState);
  }

  close(): void {
    this.tell("closed");
  }

  ping(): Promise<number> {
    return Promise.resolve(1);
  }

  get asRealtime(): Realtime {
    return this as unknown as Realtime;
  }
}

/** A match of four in a row, that ends when the test says so. */
export function playedMatch(): {
  readonly match: PlayingMatch;
  readonly end: (end: MatchEnd) => void;
  readonly snapshots: Set<unknown>;
  readonly statuses: Set<Parameters<PlayingMatch["onSeatStatus"]>[0]>;
} {
  const { promise: ended, resolve: end } = Promise.withResolvers<MatchEnd>();
  const [snapshots, statuses] = [new Set<never>(), new Set<never>()];
  const into = (listeners: Set<unknown>) => (listener: unknown) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const [onSnapshot, onSeatStatus] = [into(snapshots), into(statuses)];
  const match = { seat: 1, tickRate: 0, options: {}, ended, onSnapshot, onSeatStatus };
  return { match: match as unknown as PlayingMatch, end, snapshots, statuses };
}

/** What has been settled is acted on. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
