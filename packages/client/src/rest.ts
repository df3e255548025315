import type { components } from "@muster/contracts/openapi/edge/v1";
import { errorFrom, foreign, noAnswer, pageOrigin } from "./answers.ts";
import { MusterError } from "./errors.ts";
import { patiently } from "./patience.ts";
import { count, flag, list, maybe, record, type Shape, text, time, word } from "./shapes.ts";
import type { SupportLog } from "./support-log.ts";

type Schemas = components["schemas"];

export type Player = Schemas["Profile"];

/** The tokens as the server sends them. */
export type TokenAnswer = Schemas["Tokens"];

export interface Tokens extends Omit<TokenAnswer, "accessExpiresInS"> {
  /** How far the device's clock was ahead of the server's when the tokens arrived; used to compute when they expire. */
  readonly clockAheadMs?: number;
}

export type Session = Schemas["Session"];

/** Participants by seat. */
export type MatchSummary = Schemas["Match"];

/** Newest first. */
export type HistoryPage = Schemas["MatchPage"];

/** An open session of the player. */
export type DeviceInfo = Schemas["DeviceList"]["devices"][number];

export type ModeInfo = Schemas["ModeList"]["modes"][number];

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

export const DEVICES: Shape<Schemas["DeviceList"]> = record({
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

export const MODES: Shape<Schemas["ModeList"]> = record({
  modes: list(
    record<ModeInfo>({
      mode: text,
      gameId: text,
      seats: count,
      waiting: count,
      practice: flag,
      bots: flag,
      rated: flag,
    }),
  ),
});

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The expected result of a call that answers 204 without a body. */
export const NOTHING = "nothing";
/** The expected result of a call that answers with a file: a Uint8Array. */
export const BYTES = "bytes";

const REQUEST_TIMEOUT_MS = 15_000;

export interface RequestOptions {
  readonly body?: unknown;
  readonly accessToken?: string;
  /** The same for all attempts of one logical call. */
  readonly idempotencyKey?: string | undefined;
  readonly log?: SupportLog | undefined;
}

/**
 * Sends one request to edge-api, once more when an overloaded server says when and it may be repeated. An answer is accepted only if it has the contract's form.
 * @throws MusterError with the contract's code; `network` if no answer came, or the answer is not from Muster
 */
export function request<T>(
  baseUrl: string,
  method: Method,
  path: string,
  expected: Shape<T> | typeof NOTHING | typeof BYTES,
  options: RequestOptions = {},
): Promise<T> {
  const answer = patiently(method, path, () => exchange(baseUrl, method, path, expected, options));
  return options.log ? options.log.noting(`${method} ${path.replace(/\?.*/s, "")}`, answer) : answer;
}

async function exchange<T>(
  baseUrl: string,
  method: Method,
  path: string,
  expected: Shape<T> | typeof NOTHING | typeof BYTES,
  options: RequestOptions,
): Promise<T> {
  if (typeof fetch !== "function") throw new MusterError("unsupported", "this platform has no fetch");
  const headers: Record<string, string> = {};
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.accessToken !== undefined) headers["authorization"] = `Bearer ${options.accessToken}`;
  if (options.idempotencyKey !== undefined) headers["idempotency-key"] = options.idempotencyKey;
  const body = options.body === undefined ? {} : { body: JSON.stringify(options.body) };
  const what = `${method} ${path.replace(/\?.*/s, "")}`;
  let response: Response;
  let bytes: Uint8Array;
  try {
    // Do not follow redirects: they would send a password or a refresh token to another server.
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    response = await fetch(baseUrl + path, { method, headers, signal, redirect: "manual", ...body });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw noAnswer(what, baseUrl, cause, pageOrigin());
  }
  if (expected === BYTES && response.status === 200 && /^application\/octet-stream\b/i.test(typeOf(response)))
    return bytes as T;
  const answer = new TextDecoder().decode(bytes);
  if (!response.ok) throw errorFrom(what, response, answer);
  if (expected === BYTES) throw foreign(what, response, answer, "it is not application/octet-stream");
  if (expected !== NOTHING) return believed(what, response, answer, expected);
  if (response.status !== 204) throw foreign(what, response, answer, "expected status 204");
  return undefined as T;
}

/** @throws MusterError network */
function believed<T>(what: string, response: Response, answer: string, expected: Shape<T>): T {
  if (answer === "") throw foreign(what, response, answer, "the body is empty");
  if (!/^application\/json\b/i.test(typeOf(response)))
    throw foreign(what, response, answer, "it is not application/json");
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    throw foreign(what, response, answer, "it is not valid JSON");
  }
  const wrong = expected(value, "");
  if (wrong !== undefined) throw foreign(what, response, answer, wrong);
  return value as T;
}

function typeOf(response: Response): string {
  return response.headers.get("content-type") ?? "";
}
