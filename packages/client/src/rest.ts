import { errorFrom, foreign, noAnswer, pageOrigin } from "./answers.ts";
import { MusterError } from "./errors.ts";
import { count, flag, list, maybe, record, type Shape, text, time, word } from "./shapes.ts";

export interface Player {
  readonly playerId: string;
  readonly name: string;
  readonly kind: "registered" | "guest";
  readonly role: "player" | "moderator" | "admin";
  readonly createdAt: string;
}

export interface Tokens {
  readonly accessToken: string;
  readonly accessExpiresAt: string;
  readonly refreshToken: string;
  readonly refreshExpiresAt: string;
  /** How much the device's clock was ahead of the server's when they came: so that it is known how long they are good for. */
  readonly clockAheadMs?: number;
}

/** As the server sends them. */
export interface TokenAnswer extends Omit<Tokens, "clockAheadMs"> {
  /** Seconds that the access token has left. */
  readonly accessExpiresInS?: number;
}

export interface Session {
  readonly player: Player;
  readonly tokens: TokenAnswer;
}

export interface MatchSummary {
  readonly matchId: string;
  readonly mode: string;
  readonly gameId: string;
  readonly buildId: string;
  readonly state: "running" | "ended" | "cancelled";
  /** By seat. */
  readonly participants: readonly {
    readonly seat: number;
    readonly playerId: string;
    readonly name: string;
    readonly score?: number;
    readonly rank?: number;
    /** The game's bot that played this seat; absent for a player's. */
    readonly bot?: string;
  }[];
  readonly createdAt: string;
  readonly endedAt?: string;
  readonly endReason?: "played" | "forfeit";
  readonly cancelReason?: "no_show" | "abandoned" | "fault" | "shard_lost" | "operator" | "not_placed";
  readonly ticks?: number;
  readonly stateHash?: string;
}

export interface HistoryPage {
  /** Newest first. */
  readonly matches: readonly MatchSummary[];
  readonly nextCursor?: string;
}

/** An open session of the player. */
export interface DeviceInfo {
  readonly deviceId: string;
  readonly label: string;
  /** The session that asks. */
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

export interface ModeInfo {
  readonly mode: string;
  readonly gameId: string;
  readonly seats: number;
  readonly waiting: number;
}

export const PLAYER: Shape<Player> = record<Player>({
  playerId: text,
  name: text,
  kind: word(),
  role: word(),
  createdAt: time,
});

export const TOKENS: Shape<TokenAnswer> = record<TokenAnswer>({
  accessToken: text,
  accessExpiresAt: time,
  accessExpiresInS: maybe(count),
  refreshToken: text,
  refreshExpiresAt: time,
});

export const SESSION: Shape<Session> = record<Session>({ player: PLAYER, tokens: TOKENS });

export const MATCH: Shape<MatchSummary> = record<MatchSummary>({
  matchId: text,
  mode: text,
  gameId: text,
  buildId: text,
  state: word(),
  participants: list(
    record<MatchSummary["participants"][number]>({
      seat: count,
      playerId: text,
      name: text,
      score: maybe(count),
      rank: maybe(count),
      bot: maybe(text),
    }),
  ),
  createdAt: time,
  endedAt: maybe(time),
  endReason: maybe(word()),
  cancelReason: maybe(word()),
  ticks: maybe(count),
  stateHash: maybe(text),
});

export const HISTORY: Shape<HistoryPage> = record<HistoryPage>({ matches: list(MATCH), nextCursor: maybe(text) });

export const DEVICES: Shape<{ devices: readonly DeviceInfo[] }> = record({
  devices: list(
    record<DeviceInfo>({
      deviceId: text,
      label: text,
      current: flag,
      createdAt: time,
      lastUsedAt: time,
      expiresAt: time,
    }),
  ),
});

export const MODES: Shape<{ modes: readonly ModeInfo[] }> = record({
  modes: list(record<ModeInfo>({ mode: text, gameId: text, seats: count, waiting: count })),
});

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Of a call with no answer but that it is done: 204. */
export const NOTHING = "nothing";

const REQUEST_TIMEOUT_MS = 15_000;

/**
 * One request to edge-api. What comes is believed only when it has the contract's form.
 * @throws MusterError with the contract's code; `network` when no answer came, or one that is not Muster's
 */
export async function request<T>(
  baseUrl: string,
  method: Method,
  path: string,
  expected: Shape<T> | typeof NOTHING,
  options: { body?: unknown; accessToken?: string } = {},
): Promise<T> {
  if (typeof fetch !== "function") throw new MusterError("unsupported", "this platform has no fetch");
  const headers: Record<string, string> = {};
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.accessToken !== undefined) headers["authorization"] = `Bearer ${options.accessToken}`;
  const body = options.body === undefined ? {} : { body: JSON.stringify(options.body) };
  const what = `${method} ${path.replace(/\?.*/s, "")}`;
  let response: Response;
  let answer: string;
  try {
    // A redirect is not followed: it would carry a password or a refresh token to wherever it points.
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    response = await fetch(baseUrl + path, { method, headers, signal, redirect: "manual", ...body });
    answer = await response.text();
  } catch (cause) {
    throw noAnswer(what, baseUrl, cause, pageOrigin());
  }
  if (!response.ok) throw errorFrom(what, response, answer);
  if (expected !== NOTHING) return believed(what, response, answer, expected);
  if (response.status !== 204) throw foreign(what, response, answer, "where 204 was to come");
  return undefined as T;
}

/** @throws MusterError network */
function believed<T>(what: string, response: Response, answer: string, expected: Shape<T>): T {
  if (answer === "") throw foreign(what, response, answer, "without a body");
  if (!/^application\/json\b/i.test(response.headers.get("content-type") ?? ""))
    throw foreign(what, response, answer, "which is not application/json");
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    throw foreign(what, response, answer, "which is no whole JSON");
  }
  const wrong = expected(value, "");
  if (wrong !== undefined) throw foreign(what, response, answer, `in which ${wrong}`);
  return value as T;
}
