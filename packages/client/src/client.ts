import { ChatApi } from "./chat.ts";
import { MusterError } from "./errors.ts";
import { type Challenge, challengeOf, solved } from "./proof-of-work.ts";
import { Realtime, type RealtimeOptions } from "./realtime.ts";
import {
  type DeviceInfo,
  DEVICES,
  HISTORY,
  type HistoryPage,
  MATCH,
  type MatchSummary,
  type Method,
  type ModeInfo,
  MODES,
  NOTHING,
  PLAYER,
  type Player,
  request,
  SESSION,
  type Session,
  TOKENS,
  type Tokens,
} from "./rest.ts";
import { serverUrl } from "./server-url.ts";
import { count, record, type Shape } from "./shapes.ts";

export interface ClientOptions {
  /** Of the ingress: http://localhost:8080. */
  readonly url: string;
  /** A session from before: `client.tokens` as it was. */
  readonly tokens?: Tokens;
  /** Called whenever the tokens change, to keep them. */
  readonly onTokens?: (tokens: Tokens | undefined) => void;
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
  /** For the player's list of devices. */
  readonly deviceLabel?: string;
  /** Random, 16 to 64 characters, made and kept by the device: one session per device. */
  readonly deviceId?: string;
}

/** The server does not take the access token any more; a fresh one may do. */
const OUTDATED: ReadonlySet<string> = new Set(["token_expired", "token_revoked", "token_invalid"]);

/** Whether it was done is not known. */
const UNKNOWN_OUTCOME: ReadonlySet<string> = new Set(["network", "deadline_exceeded"]);
/** Challenges solved for one log-in: others may make the next one harder meanwhile, or the first one late. */
const PROOFS_MAX = 2;

/** An access token with less left than this is refreshed before it is used. */
const REFRESH_BEFORE_MS = 30_000;

const REVOKED: Shape<{ revoked: number }> = record<{ revoked: number }>({ revoked: count });

/** A player's way into Muster. One per player. */
export class MusterClient {
  readonly url: string;
  readonly #onTokens: (tokens: Tokens | undefined) => void;
  readonly chat: ChatApi = new ChatApi((method, path, expected, body) => this.#call(method, path, expected, body));
  #tokens: Tokens | undefined;
  #refreshing: Promise<Tokens> | undefined;

  /** @throws MusterError bad_url */
  constructor(options: ClientOptions) {
    this.url = serverUrl(options.url);
    this.#tokens = options.tokens;
    this.#onTokens = options.onTokens ?? (() => undefined);
  }

  get tokens(): Tokens | undefined {
    return this.#tokens;
  }

  /** @throws MusterError name_taken, bad_name, weak_password, too_many_accounts, invalid_request, busy */
  async register(credentials: Credentials): Promise<Player> {
    try {
      return this.#open(await request(this.url, "POST", "/v1/auth/register", SESSION, { body: credentials }));
    } catch (err) {
      if (!(err instanceof MusterError) || !UNKNOWN_OUTCOME.has(err.code)) throw err;
      // It may have been done, and only the answer lost: then the account is ours to log in to, and a repeat would find the name taken.
      return await this.logIn(credentials).catch(() => Promise.reject(err));
    }
  }

  /**
   * Solves a challenge by itself when the server asks for one, which takes up to some seconds of work.
   * @throws MusterError bad_credentials, account_banned, too_many_attempts, busy
   */
  async logIn(credentials: Credentials): Promise<Player> {
    const logIn = (proof?: string): Promise<Session> => {
      const body = { ...credentials, ...(proof === undefined ? {} : { proof }) };
      return request(this.url, "POST", "/v1/auth/login", SESSION, { body });
    };
    let challenge: Challenge | undefined;
    for (let proofs = 0; ; proofs++) {
      try {
        return this.#open(await logIn(challenge && (await solved(challenge))));
      } catch (err) {
        if (proofs === PROOFS_MAX || !(err instanceof MusterError) || err.code !== "challenge_required") throw err;
        challenge = challengeOf(err.details);
      }
    }
  }

  /** `deviceKey`: 16 to 128 characters that the device made at random and keeps. */
  async logInGuest(deviceKey: string, deviceLabel = ""): Promise<Player> {
    return this.#open(await request(this.url, "POST", "/v1/auth/guest", SESSION, { body: { deviceKey, deviceLabel } }));
  }

  async logOut(): Promise<void> {
    const tokens = this.#tokens;
    this.#keep(undefined);
    if (tokens)
      await request(this.url, "POST", "/v1/auth/logout", NOTHING, { body: { refreshToken: tokens.refreshToken } });
  }

  /** The open sessions of this player. */
  async devices(): Promise<readonly DeviceInfo[]> {
    return (await this.#get("/v1/me/devices", DEVICES)).devices;
  }

  /** @throws MusterError device_not_found */
  async revokeDevice(deviceId: string): Promise<void> {
    await this.#call("DELETE", `/v1/me/devices/${encodeURIComponent(deviceId)}`, NOTHING);
  }

  /** Ends every session but this one. @returns how many */
  async revokeOtherDevices(): Promise<number> {
    return (await this.#call("POST", "/v1/me/devices/revoke-others", REVOKED)).revoked;
  }

  /** Ends every other session too. @throws MusterError bad_credentials, weak_password, too_many_attempts, busy */
  async changePassword(passwords: { currentPassword: string; newPassword: string }): Promise<void> {
    await this.#call("PUT", "/v1/me/password", NOTHING, passwords);
  }

  async me(): Promise<Player> {
    return this.#get("/v1/me", PLAYER);
  }

  async player(playerId: string): Promise<Player> {
    return this.#get(`/v1/players/${encodeURIComponent(playerId)}`, PLAYER);
  }

  async match(matchId: string): Promise<MatchSummary> {
    return this.#get(`/v1/matches/${encodeURIComponent(matchId)}`, MATCH);
  }

  /** The player's matches, newest first. */
  async history(page: { limit?: number; cursor?: string } = {}): Promise<HistoryPage> {
    const query = new URLSearchParams();
    if (page.limit !== undefined) query.set("limit", String(page.limit));
    if (page.cursor !== undefined) query.set("cursor", page.cursor);
    return this.#get(`/v1/me/matches?${query}`, HISTORY);
  }

  async modes(): Promise<readonly ModeInfo[]> {
    return (await request(this.url, "GET", "/v1/modes", MODES)).modes;
  }

  /** Opens the realtime connection; it comes back by itself until it is closed. */
  async connect(options: RealtimeOptions = {}): Promise<Realtime> {
    const realtime = new Realtime(
      `${this.url.replace(/^http/, "ws")}/v1/realtime`,
      (fresh) => this.accessToken(fresh),
      options,
    );
    await realtime.ready();
    return realtime;
  }

  /**
   * A token that is good for a while; refreshed when it is not, or when a `fresh` one is wanted because the server
   * says that it has ended, whatever our clock says.
   * @throws MusterError unauthenticated, bad_refresh_token
   */
  async accessToken(fresh = false): Promise<string> {
    const tokens = this.#tokens;
    if (!tokens) throw new MusterError("unauthenticated", "log in first");
    if (!fresh && Date.parse(tokens.accessExpiresAt) - Date.now() > REFRESH_BEFORE_MS) return tokens.accessToken;
    this.#refreshing ??= this.refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return (await this.#refreshing).accessToken;
  }

  /** Exchanges the refresh token now. Never run two at once: a refresh token is good for one use. */
  async refresh(): Promise<Tokens> {
    if (!this.#tokens) throw new MusterError("unauthenticated", "log in first");
    const { refreshToken } = this.#tokens;
    const exchange = (): Promise<Tokens> =>
      request(this.url, "POST", "/v1/auth/refresh", TOKENS, { body: { refreshToken } });
    try {
      // An answer that was lost on the way is asked for again: the server gives the same one for a few seconds.
      const tokens = await exchange().catch((err: unknown) => {
        if (err instanceof MusterError && err.code === "network") return exchange();
        throw err;
      });
      this.#keep(tokens);
      return tokens;
    } catch (err) {
      if (err instanceof MusterError && err.code === "bad_refresh_token") this.#keep(undefined);
      throw err;
    }
  }

  #get<T>(path: string, expected: Shape<T>): Promise<T> {
    return this.#call("GET", path, expected);
  }

  async #call<T>(method: Method, path: string, expected: Shape<T> | typeof NOTHING, body?: unknown): Promise<T> {
    const given = body === undefined ? {} : { body };
    try {
      return await request(this.url, method, path, expected, { accessToken: await this.accessToken(), ...given });
    } catch (err) {
      if (!(err instanceof MusterError) || !OUTDATED.has(err.code)) throw err;
      return request(this.url, method, path, expected, { accessToken: await this.accessToken(true), ...given });
    }
  }

  #open(session: Session): Player {
    this.#keep(session.tokens);
    return session.player;
  }

  #keep(tokens: Tokens | undefined): void {
    this.#tokens = tokens;
    this.#onTokens(tokens);
  }
}
