// The environment of one gateway. Its connections, seats and spectators are real; its links, shards and matchmaker are fakes
// that do what the test says. Uses vitest's fake clock.
import { createLogger } from "@muster/log";
import { decodeServerControl, encodeClientControl, PROTOCOL_VERSION } from "@muster/realtime";
import { vi } from "vitest";
import { Connection, type OwnedConnectionParts } from "../src/connection/connection.ts";
import { ControlBudgets } from "../src/connection/control-limits.ts";
import { ControlWork } from "../src/connection/control-work.ts";
import { MatchRegistry } from "../src/matches/registry.ts";
import type { LinkSession, ShardLink } from "../src/shards/shard-link.ts";
import type { FollowedMatch } from "../src/matches/followed-match.ts";
import type { RelocateRequest } from "../src/matches/question.ts";
import { ReadingSocket } from "./reading-socket.ts";

export const MATCH = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const log = createLogger("test", "silent");

type ShardAddress = "a:1" | "b:1";
/** What becomes of a link that is opened, and of what is asked on it. */
type ShardMood = "answers" | "waits" | "is not there" | "not found" | "is over" | "is full of surprises";

class FakeLink {
  welcomed = true;
  suspected = false;
  closed = false;
  readonly sessions = new Map<number, LinkSession>();
  readonly watches: string[] = [];
  readonly inputs: Uint8Array[] = [];
  readonly address: ShardAddress;
  readonly #world: World;
  #next = 1;

  constructor(world: World, address: ShardAddress) {
    this.#world = world;
    this.address = address;
    if (world.moods[address] === "is not there") setTimeout(() => this.close(), 1);
  }
  join(session: LinkSession): number {
    const id = this.#next++;
    this.sessions.set(id, session);
    setTimeout(() => this.answer(id), 1);
    return id;
  }
  leave(session: number): void {
    this.sessions.delete(session);
  }
  watch(matchId: string): void {
    this.watches.push(matchId);
    setTimeout(() => this.answerWatches(), 1);
  }
  unwatch(): void {}
  input(_session: number, bytes: Uint8Array, from: number, to: number): void {
    this.inputs.push(bytes.slice(from, to));
  }
  transferLog(): void {}
  unbind(): void {}

  answer(id: number): void {
    const session = this.sessions.get(id);
    const mood = this.#world.moods[this.address];
    if (!session || this.closed || this.suspected || mood === "waits" || mood === "is not there") return;
    if (mood === "answers") {
      this.#world.follow(this);
      return session.onJoined({ session: id, matchId: MATCH, view: 0, seats: 2, options: {} } as never);
    }
    this.sessions.delete(id);
    session.onRefused(mood === "not found" ? "match_not_found" : mood === "is over" ? "match_over" : "surprise");
  }
  answerAll(): void {
    for (const id of this.sessions.keys()) this.answer(id);
    this.answerWatches();
  }
  answerWatches(): void {
    const mood = this.#world.moods[this.address];
    if (this.closed || this.suspected || mood === "waits" || mood === "is not there") return;
    for (const matchId of this.watches.splice(0)) {
      const here = this as unknown as ShardLink;
      if (mood === "answers") {
        this.#world.follow(this);
        this.#world.matches.onWatching(here, { matchId, options: {} } as never);
      } else {
        const code = mood === "not found" ? "match_not_found" : "match_over";
        this.#world.matches.onWatchRefused(here, { matchId, code } as never);
      }
    }
  }
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.sessions.clear();
    this.#world.links.delete(this.address);
    this.#world.matches.onClosed(this as unknown as ShardLink);
  }
  beSuspected(): void {
    if (this.closed || this.suspected) return;
    this.suspected = true;
    this.#world.matches.onSuspected(this as unknown as ShardLink);
  }
  speak(): void {
    if (this.closed || !this.suspected) return;
    this.suspected = false;
    this.#world.matches.onHeardAgain(this as unknown as ShardLink);
    this.answerAll();
  }
}

class FakeSocket extends ReadingSocket {
  readonly #world: World;
  readonly #name: string;
  constructor(world: World, name: string) {
    super();
    this.#world = world;
    this.#name = name;
  }
  override send(bytes: Uint8Array): "sent" {
    if (bytes[0] !== 1) return "sent";
    const { requestId, message } = decodeServerControl(bytes);
    if (requestId > 1)
      this.#world.onAnswer(this.#name, requestId, message.case === "error" ? message.value.code : message.case);
    return "sent";
  }
}

export class World {
  readonly moods: Record<ShardAddress, ShardMood> = { "a:1": "waits", "b:1": "answers" };
  readonly links = new Map<string, FakeLink>();
  /** The matchmaker's answer to every question; undefined: it is away. */
  location: { shardAddress?: ShardAddress; over?: string; ended?: object } | undefined = { shardAddress: "a:1" };
  epoch = 1;
  asked = 0;
  askedAsLost = 0;
  readonly answers = new Map<string, { code: string | undefined; afterMs: number }[]>();
  readonly #since = new Map<string, number>();
  readonly #connections: Connection[] = [];
  #requests = 1;
  #channels = 1;
  readonly matches: MatchRegistry;
  readonly #parts: OwnedConnectionParts;

  constructor(limits: Partial<OwnedConnectionParts["limits"]> = {}) {
    const nothing = (): undefined => undefined;
    const metrics = new Proxy({}, { get: () => nothing }) as never;
    this.matches = new MatchRegistry({
      linkTo: (address) => this.linkTo(address as ShardAddress) as unknown as ShardLink,
      isCutOff: () => [...this.links.values()].every(({ suspected }) => suspected),
      ask: (requests) => this.#onAsked(requests),
      spectators: { delayMs: 0, perMatchMax: 10 },
      metrics,
      log,
    });
    this.#parts = {
      tokens: {
        verify: async (playerId: string) => ({ playerId, expiresAt: 1e12 }),
        isRevoked: () => false,
      },
      seatTickets: {
        open: (playerId: string) => ({
          kind: "valid",
          claims: { matchId: MATCH, epoch: 1, seat: 0, playerId, shardAddress: "a:1" },
        }),
      },
      matches: this.matches,
      budgets: new ControlBudgets(),
      work: new ControlWork({ now: () => 0, nextTurn: setImmediate }),
      metrics,
      log,
      now: () => 0,
      limits: {
        inputsPerS: 1e9,
        floodPerS: 1e9,
        bytesPerS: 1e9,
        inputsRefusedMax: 1e9,
        authWithinMs: 1e9,
        slowCloseMs: 1e9,
        spectatorDelayMs: 0,
        ...limits,
      },
      onAuthenticated: nothing,
    } as unknown as OwnedConnectionParts;
  }

  linkTo(address: ShardAddress): FakeLink {
    const link = this.links.get(address) ?? new FakeLink(this, address);
    this.links.set(address, link);
    return link;
  }

  follow(link: FakeLink): FollowedMatch | undefined {
    const match = this.matches.get(MATCH);
    if (match?.isBoundTo(link as unknown as ShardLink)) return match.log;
    const value = {
      matchId: MATCH,
      epoch: this.epoch,
      afterTicks: 0,
      check: 0,
      log: new Uint8Array(0),
      channel: this.#channels++,
    };
    return this.matches.onFollow(link as unknown as ShardLink, value as never);
  }

  #onAsked(requests: readonly RelocateRequest[]): void {
    this.asked++;
    this.askedAsLost += requests.filter(({ lost }) => lost).length;
    const { location } = this;
    if (!location) return;
    const { shardAddress = "", over = "", ended } = location;
    if (shardAddress === "b:1") this.epoch = 2;
    setTimeout(() => {
      const relocated = requests.map(({ matchId }) => ({ matchId, epoch: this.epoch, shardAddress, over, ended }));
      this.matches.onRelocated(relocated as never);
    }, 10);
  }

  async player(name: string): Promise<(message: object) => void> {
    const connection = new Connection(new FakeSocket(this, name), this.#parts);
    this.#connections.push(connection);
    const hello = { accessToken: name, protocolVersion: PROTOCOL_VERSION };
    connection.onMessage(encodeClientControl({ requestId: 1, message: { case: "hello", value: hello } }), true);
    for (let i = 0; i < 10; i++) await Promise.resolve(); // the token is verified
    return (message) => {
      const requestId = ++this.#requests;
      this.#since.set(`${name} ${requestId}`, performance.now());
      this.answers.set(`${name} ${requestId}`, []);
      connection.onMessage(encodeClientControl({ requestId, message: message as never }), true);
    };
  }

  connection(nth: number): Connection {
    return this.#connections[nth] as Connection;
  }

  onAnswer(name: string, requestId: number, code: string | undefined): void {
    const key = `${name} ${requestId}`;
    this.answers.get(key)?.push({ code, afterMs: performance.now() - (this.#since.get(key) as number) });
  }

  async pass(ms: number): Promise<void> {
    for (let rest = ms; rest > 0; rest -= 100) {
      vi.advanceTimersByTime(Math.min(rest, 100));
      await Promise.resolve();
      for (const connection of this.#connections) connection.sweep(performance.now(), 0.1);
    }
  }

  /** Everybody is there, and does what he should. */
  mend(): void {
    this.moods["a:1"] = this.moods["b:1"] = "answers";
    this.location = { shardAddress: this.epoch === 2 ? "b:1" : "a:1" };
    for (const link of this.links.values()) {
      link.speak();
      link.answerAll();
    }
  }

  /** @returns what is wrong with the answers */
  faults(withinMs: number): string[] {
    const late = ({ afterMs }: { afterMs: number }): boolean => afterMs > withinMs;
    return [...this.answers].flatMap(([key, all]) => {
      if (all.length !== 1) return [`${key}: ${all.length} answers: ${all.map(({ code }) => code).join()}`];
      return all.some(late) ? [`${key}: ${all[0]?.code} after ${all[0]?.afterMs} ms`] : [];
    });
  }
}
