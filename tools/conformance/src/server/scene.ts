// What every check of a client begins with: a player that is connected, queued or seated.
import { randomUUID } from "node:crypto";
import { holds, pause, same } from "../expect.ts";
import type { Connection, ToldValue } from "./connection.ts";
import { type Answer, type Driver, RefusedError } from "./driver.ts";
import { DESCRIPTION, ScriptedMatch, type Seen } from "./scripted-game.ts";
import type { ScriptedServer } from "./scripted-server.ts";

/** For what a client must not do: as long as this nothing may come. */
export const QUIET_MS = 250;
const POLL_MS = 20;

export interface Seated {
  readonly connection: Connection;
  readonly match: ScriptedMatch;
  readonly found: ToldValue<"matchFound"> & { matchId: string; seatTicket: string };
}

export class Scene {
  readonly url: string;
  readonly server: ScriptedServer;
  readonly driver: Driver;
  readonly withinMs: number;

  /** `url`: where the client finds the server; another one when something stands between them. */
  constructor(server: ScriptedServer, driver: Driver, withinMs: number, url: string = server.url) {
    this.url = url;
    this.server = server;
    this.driver = driver;
    this.withinMs = withinMs;
  }

  /** A new player of the client under test, which has been welcomed. */
  async connected(tokenEndsInMs?: number): Promise<Connection> {
    const [started, connection] = await this.starting();
    await connection.welcome(tokenEndsInMs);
    same((await started)["playerId"], connection.playerId, "the player that the client says it is");
    return connection;
  }

  /** A client that cannot even begin says why. */
  async starting(): Promise<[Promise<Answer>, Connection]> {
    const started = this.driver.do("start", { url: this.url });
    const refused = started.then(
      () => new Promise<never>(() => undefined),
      (err: Error) => Promise.reject(new Error(`the client cannot start: ${err.message}`)),
    );
    refused.catch(() => undefined);
    return [started, await Promise.race([this.server.connection(), refused])];
  }

  /** The client comes back by itself, with a token of the same player. */
  async back(): Promise<Connection> {
    const connection = await this.server.connection();
    const token = await connection.welcome();
    holds(this.server.tokens.has(token), "another access token came than the server gave");
    return connection;
  }

  async queued(connection: Connection): Promise<{ ticketId: string; waiting: Promise<Answer> }> {
    const waiting = this.driver.do("queue", { mode: "conformance" });
    waiting.catch(() => undefined);
    const { requestId, value } = await connection.asked("enqueue");
    same(value.mode, "conformance", "the mode of Enqueue");
    const ticketId = randomUUID();
    connection.tell({ case: "queued", value: { ticketId, mode: value.mode } }, requestId);
    return { ticketId, waiting };
  }

  found(ticketId: string, connection: Connection, more: ToldValue<"matchFound"> = {}): Seated["found"] {
    const players = [connection.playerId, randomUUID()].map((playerId, seat) => ({
      seat,
      playerId,
      name: `p${seat}`,
      bot: "",
    }));
    const value = {
      ticketId,
      matchId: randomUUID(),
      mode: "conformance",
      gameId: DESCRIPTION.gameId,
      seat: 0,
      seatTicket: randomUUID(),
      joinWithinMs: 10_000,
    };
    return { ...value, players: players as never, ...more };
  }

  async matched(): Promise<Omit<Seated, "match">> {
    const connection = await this.connected();
    const { ticketId, waiting } = await this.queued(connection);
    const found = this.found(ticketId, connection);
    connection.tell({ case: "matchFound", value: found });
    const answer = await waiting;
    same([answer["matchId"], answer["seat"]], [found.matchId, 0], "the match that the client says it found");
    return { connection, found };
  }

  async seated(tickRate = DESCRIPTION.tickRate): Promise<Seated> {
    const { connection, found } = await this.matched();
    const joining = this.driver.do("join");
    const { requestId, value } = await connection.asked("joinMatch");
    same(value.seatTicket, found.seatTicket, "the seat ticket of JoinMatch");
    same(value.lastMatchSeq, 0, "last_match_seq of the first JoinMatch");
    const match = new ScriptedMatch();
    connection.tell(joined(found, { tickRate }), requestId);
    connection.frame(match.keyframe());
    same((await joining)["matchId"], found.matchId, "the match that the client says it joined");
    await this.sees(match.seen, "the first keyframe");
    return { connection, match, found };
  }

  /** The client returns to its seat on a new connection. */
  async returned(seated: Seated, about: { lastInputSeq: number; lastMatchSeq?: number }): Promise<Connection> {
    const connection = await this.back();
    const { requestId, value } = await connection.asked("joinMatch");
    same(value.seatTicket, seated.found.seatTicket, "the seat ticket after the return");
    if (about.lastMatchSeq !== undefined)
      same(value.lastMatchSeq, about.lastMatchSeq, "last_match_seq after the return");
    connection.tell(joined(seated.found, { lastInputSeq: about.lastInputSeq, resumed: true }), requestId);
    connection.frame(seated.match.keyframe());
    await this.sees(seated.match.seen, "the keyframe after the return");
    return connection;
  }

  /** The client's state becomes this. */
  async sees(wanted: Seen, what: string): Promise<void> {
    const deadline = performance.now() + this.withinMs;
    for (;;) {
      const got = await this.driver.do("state");
      const seen = { tick: got["tick"], acks: got["acks"], hash: got["hash"] };
      if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
      if (performance.now() > deadline) return same(seen, wanted, `the client's state after ${what}`);
      await pause(POLL_MS);
    }
  }

  /** The client still has this connection, and no other. */
  async staysOn(connection: Connection, what: string): Promise<void> {
    connection.answersPings = false;
    await Promise.all([this.#ping(), this.#answerPing(connection)]);
    connection.answersPings = true;
    same(this.server.connections.untaken.length, 0, `connections that the client opened ${what}`);
  }

  /** The client may not have read Welcome yet. */
  async #ping(): Promise<void> {
    const deadline = performance.now() + this.withinMs;
    for (;;) {
      try {
        await this.driver.do("ping");
        return;
      } catch (err) {
        if (!(err instanceof RefusedError) || err.code !== "closed" || performance.now() > deadline) throw err;
        await pause(POLL_MS);
      }
    }
  }

  async #answerPing(connection: Connection): Promise<void> {
    const { requestId, value } = await connection.asked("ping");
    connection.tell({ case: "pong", value: { payload: value.payload } }, requestId);
  }
}

export function joined(
  found: Seated["found"],
  more: ToldValue<"matchJoined"> = {},
): { case: "matchJoined"; value: ToldValue<"matchJoined"> } {
  const { gameId, buildId, layoutHash, tickRate } = DESCRIPTION;
  const about = { gameId, buildId, layoutHash, tickRate, seats: 2, options: { rounds: 1 } };
  return { case: "matchJoined", value: { matchId: found.matchId, seat: 0, ...about, ...more } };
}
