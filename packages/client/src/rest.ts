import { MusterError } from "./errors.ts";

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
}

export interface Session {
  readonly player: Player;
  readonly tokens: Tokens;
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

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const REQUEST_TIMEOUT_MS = 15_000;

/** One request to edge-api. @throws MusterError with the contract's code, or `network`. */
export async function request<T>(
  baseUrl: string,
  method: Method,
  path: string,
  options: { body?: unknown; accessToken?: string } = {},
): Promise<T> {
  const headers: Record<string, string> = {};
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.accessToken !== undefined) headers["authorization"] = `Bearer ${options.accessToken}`;
  let response: Response;
  let text: string;
  try {
    const body = options.body === undefined ? {} : { body: JSON.stringify(options.body) };
    response = await fetch(baseUrl + path, {
      method,
      headers,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...body,
    });
    text = await response.text();
  } catch (cause) {
    throw new MusterError("network", `${method} ${path}: no answer from ${baseUrl}`, { cause });
  }
  if (!response.ok) throw errorFrom(response.status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function errorFrom(status: number, text: string): MusterError {
  try {
    const { error } = JSON.parse(text) as {
      error: { code: string; message: string; traceId: string; details?: Record<string, unknown> };
    };
    return new MusterError(error.code, error.message, { status, traceId: error.traceId, details: error.details });
  } catch {
    return new MusterError("network", `an answer that is not Muster's, status ${status}`, { status }); // a proxy between us
  }
}
