// What every check of a server begins with: a guest, a connection, two players in a match.
import {
  type Fields,
  flag,
  type Field,
  type FieldDescription,
  type Game,
  inputCodecOf,
  int,
  list,
  SnapshotDecoder,
  uint,
} from "@muster/game-kit";
import { TOKEN_SUBPROTOCOL_PREFIX, SUBPROTOCOL } from "@muster/realtime";
import { NotHereError } from "../checks.ts";
import { holds, same } from "../expect.ts";
import { type Account, guest, rest, Socket } from "./player.ts";

export interface ModeInfo {
  readonly mode: string;
  readonly gameId: string;
  readonly seats: number;
  readonly bots: boolean;
  readonly practice: boolean;
}

interface Build {
  readonly layoutHash: string;
  readonly tickRate: number;
  readonly inputMode: string;
  readonly state: readonly FieldDescription[];
  readonly input: readonly FieldDescription[];
}

export interface Seat {
  readonly account: Account;
  socket: Socket;
  readonly matchId: string;
  readonly ticket: string;
  readonly seat: number;
}

export type Pair = readonly [Seat, Seat];

export class Bench {
  readonly url: string;
  readonly withinMs: number;
  readonly modes: readonly ModeInfo[];
  readonly #mode: string | undefined;
  readonly #builds = new Map<string, Promise<readonly Build[]>>();
  #queueing: Promise<unknown> = Promise.resolve();

  private constructor(url: string, withinMs: number, modes: readonly ModeInfo[], mode: string | undefined) {
    this.url = url;
    this.withinMs = withinMs;
    this.modes = modes;
    this.#mode = mode;
  }

  static async at(url: string, withinMs: number, mode: string | undefined): Promise<Bench> {
    const { status, body } = await rest(url, "GET", "/v1/modes");
    same(status, 200, `the status of GET ${url}/v1/modes`);
    return new Bench(url, withinMs, body["modes"] as ModeInfo[], mode);
  }

  /** A mode for two players of a game with a clock and held inputs. */
  async mode(): Promise<string> {
    if (this.#mode !== undefined) return this.#mode;
    return this.#modeWith(
      "with a clock and held inputs",
      "duel-quick",
      (build) => build.tickRate > 0 && build.inputMode === "held",
    );
  }

  async modeWithoutClock(): Promise<string> {
    return this.#modeWith("without a clock", "four", (build) => build.tickRate === 0);
  }

  practiceMode(): ModeInfo {
    const found = this.modes.find(({ bots, practice }) => bots && practice);
    if (!found) throw new NotHereError("there is no mode for practice with bots");
    return found;
  }

  async build(mode: string): Promise<Build> {
    const gameId = this.modes.find((one) => one.mode === mode)?.gameId ?? mode;
    const builds =
      this.#builds.get(gameId) ??
      rest(this.url, "GET", `/v1/games/${gameId}`).then(({ body }) => body["builds"] as Build[]);
    this.#builds.set(gameId, builds);
    const [build] = await builds;
    if (!build) throw new NotHereError(`nobody plays ${gameId}`);
    return build;
  }

  guest(): Promise<Account> {
    return guest(this.url);
  }

  /** A connection of that player, or of a new one. */
  async connected(account?: Account): Promise<{ account: Account; socket: Socket }> {
    const player = account ?? (await this.guest());
    const socket = new Socket(this.url, this.withinMs, [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + player.accessToken]);
    await socket.opened;
    const welcome = await socket.next("welcome");
    same(welcome.playerId, player.playerId, "the player of Welcome");
    return { account: player, socket };
  }

  bare(): Socket {
    return new Socket(this.url, this.withinMs);
  }

  /** One check at a time may wait in a queue: otherwise players of different checks would meet. */
  async queueing<T>(act: () => Promise<T>): Promise<T> {
    const before = this.#queueing;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queueing = promise;
    await before;
    try {
      return await act();
    } finally {
      resolve();
    }
  }

  /** Two new players with a match that they have not joined. */
  async matched(mode?: string): Promise<Pair> {
    const name = mode ?? (await this.mode());
    return this.queueing(async () => {
      const players = [await this.connected(), await this.connected()];
      for (const { socket } of players)
        same((await socket.ask("enqueue", { mode: name })).kind, "queued", `the answer to Enqueue for ${name}`);
      const seats: Seat[] = [];
      for (const { account, socket } of players) {
        const found = await socket.next("matchFound");
        seats.push({ account, socket, matchId: found.matchId, ticket: found.seatTicket, seat: found.seat });
      }
      same(seats[0]?.matchId, seats[1]?.matchId, "the match of the two players who wait");
      return seats as unknown as Pair;
    });
  }

  async join(seat: Seat, lastMatchSeq = 0): Promise<Record<string, unknown>> {
    const { kind, value } = await seat.socket.ask("joinMatch", { seatTicket: seat.ticket, lastMatchSeq });
    same(kind, "matchJoined", "the answer to JoinMatch");
    return value;
  }

  async seated(mode?: string): Promise<Pair> {
    const pair = await this.matched(mode);
    for (const seat of pair) await this.join(seat);
    return pair;
  }

  /** Comes back to its seat on a new connection. */
  async back(seat: Seat, lastMatchSeq = 0): Promise<Record<string, unknown>> {
    seat.socket = (await this.connected(seat.account)).socket;
    return this.join(seat, lastMatchSeq);
  }

  async #modeWith(what: string, first: string, fits: (build: Build) => boolean): Promise<string> {
    const known = this.modes.filter(({ seats, bots }) => seats === 2 && !bots);
    for (const { mode } of known.toSorted((a, b) => Number(b.mode === first) - Number(a.mode === first)))
      if (fits(await this.build(mode))) return mode;
    throw new NotHereError(`there is no mode for two players of a game ${what}`);
  }
}

/** Reads frames by the layout that the server describes. */
export function decoderOf({ state }: Build): SnapshotDecoder {
  return new SnapshotDecoder({ id: "conformance", state: fieldsOf(state), input: {} } as unknown as Game);
}

/** Any input that is one: all zeros. */
export function emptyInput({ input }: Build): Uint8Array {
  const fields = fieldsOf(input);
  const zeros = Object.fromEntries(
    Object.entries(fields).map(([name, { kind }]) => [name, kind === "flag" ? false : 0]),
  );
  return inputCodecOf(fields).encode(zeros as never);
}

export type { Build };

function fieldsOf(described: readonly FieldDescription[]): Fields {
  const field = ({ type, bits = 0, movesBy, countsDown, length = 0, fields = [] }: FieldDescription): Field => {
    if (type === "flag") return flag();
    if (type === "list") return list(length, fieldsOf(fields));
    const expects = movesBy !== undefined ? { movesBy } : countsDown ? { countsDown } : {};
    return type === "int" ? int(bits, expects) : uint(bits, expects);
  };
  return Object.fromEntries(described.filter(({ name }) => name !== "kit").map((one) => [one.name, field(one)]));
}

export function positive(value: unknown, what: string): void {
  holds(typeof value === "number" && value > 0, `${what} is ${String(value)}, not above 0`);
}
