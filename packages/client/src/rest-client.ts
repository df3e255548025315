import type { components } from "@muster/contracts/openapi/edge/v1";
import { ChatApi, type Message } from "./chat.ts";
import { MusterError } from "./errors.ts";
import { type Challenge, challengeOf, solved } from "./proof-of-work.ts";
import { RatingsApi } from "./ratings.ts";
import { ReplaysApi } from "./replays.ts";
import { repeated } from "./repeats.ts";
import {
  type BYTES,
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
  type Tokens,
} from "./rest.ts";
import { serverUrl } from "./server-url.ts";
import { count, record, type Shape, text } from "./shapes.ts";
import { SupportLog } from "./support-log.ts";
import { TokenHolder } from "./tokens.ts";

type Schemas = components["schemas"];

export interface ClientOptions {
  /** The ingress's URL: http://localhost:8080. */
  readonly url: string;
  /** An earlier session: a saved `client.tokens`. Default: the result of `readTokens`. */
  readonly tokens?: Tokens;
  /** Called whenever the tokens change, so that you can store them. */
  readonly onTokens?: (tokens: Tokens | undefined) => void;
  /**
   * Reads the tokens that `onTokens` stored. Called before a renewal, because another tab or process may have renewed them already.
   * Clients that share tokens without it eventually end their session.
   */
  readonly readTokens?: () => Tokens | undefined;
}

/** `deviceId`: 16 to 64 characters. */
export type Credentials = Schemas["RegisterRequest"];

/** `matchId`: the match of the player in which it happened. */
export type PlayerReport = Schemas["NewReport"];
export type MessageReport = Schemas["NewMessageReport"];

/** The server no longer accepts the access token; a new one may work. */
const OUTDATED: ReadonlySet<string> = new Set(["token_expired", "token_revoked", "token_invalid"]);

/** The server may or may not have done the work. */
const UNKNOWN_OUTCOME: ReadonlySet<string> = new Set(["network", "deadline_exceeded"]);
/** Challenges solved per log-in: meanwhile, other players' attempts may raise the difficulty, or the first challenge may expire. */
const PROOFS_MAX = 2;

const REPORTED: Shape<Schemas["ReportId"]> = record<Schemas["ReportId"]>({ reportId: text });
const REVOKED: Shape<Schemas["RevokedCount"]> = record<Schemas["RevokedCount"]>({ revoked: count });

/** Everything that a player does over REST: for a page that does not play. What it does not use of this package, a bundler leaves out. */
export class RestClient {
  readonly url: string;
  readonly #tokens: TokenHolder;
  protected readonly log: SupportLog = new SupportLog();
  readonly chat: ChatApi = new ChatApi((method, path, expected, body) => this.#call(method, path, expected, body));
  readonly ratings: RatingsApi = new RatingsApi((method, path, expected) => this.#call(method, path, expected));

  readonly replays: ReplaysApi = new ReplaysApi((method, path, expected) => this.#call(method, path, expected));

  /** @throws MusterError bad_url */
  constructor(options: ClientOptions) {
    this.url = serverUrl(options.url);
    this.#tokens = new TokenHolder({ ...options, url: this.url, log: this.log });
  }

  get tokens(): Tokens | undefined {
    return this.#tokens.tokens;
  }

  /** @throws MusterError name_taken, bad_name, weak_password, too_many_accounts, invalid_request, busy */
  async register(credentials: Credentials): Promise<Player> {
    try {
      return await this.#open("/v1/auth/register", credentials);
    } catch (err) {
      if (!(err instanceof MusterError) || !UNKNOWN_OUTCOME.has(err.code)) throw err;
      // The registration may have succeeded with only its answer lost. Then the log-in works, and a repeat would fail with name_taken.
      return await this.logIn(credentials).catch(() => Promise.reject(err));
    }
  }

  /**
   * Solves a challenge when the server asks for one, which can take a few seconds of CPU time.
   * @throws MusterError bad_credentials, account_banned, too_many_attempts, busy
   */
  async logIn(credentials: Credentials): Promise<Player> {
    const logIn = (proof?: string): Promise<Player> =>
      this.#open("/v1/auth/login", { ...credentials, ...(proof === undefined ? {} : { proof }) });
    let challenge: Challenge | undefined;
    for (let proofs = 0; ; proofs++) {
      try {
        return await logIn(challenge && (await solved(challenge)));
      } catch (err) {
        if (proofs === PROOFS_MAX || !(err instanceof MusterError) || err.code !== "challenge_required") throw err;
        challenge = challengeOf(err.details);
      }
    }
  }

  /** `deviceKey`: 16 to 128 random characters that the device generated and stores. */
  async logInGuest(deviceKey: string, deviceLabel = ""): Promise<Player> {
    return this.#open("/v1/auth/guest", { deviceKey, deviceLabel });
  }

  /**
   * Makes a guest a registered account with the same player id, history and ratings. This session goes on; the others end, and the device
   * key no longer opens the account, so forget it.
   * @throws MusterError not_a_guest, name_taken, bad_name, weak_password, too_many_accounts, busy
   */
  async upgradeGuest(credentials: Schemas["UpgradeRequest"]): Promise<Player> {
    const player = await this.#once("POST", "/v1/me/upgrade", PLAYER, credentials).catch(async (err: unknown) => {
      if (!(err instanceof MusterError) || !UNKNOWN_OUTCOME.has(err.code)) throw err;
      // The upgrade may have been done with only its answer lost. A repeat would fail with not_a_guest.
      const now = await this.me().catch(() => undefined);
      if (now?.kind !== "registered" || now.name !== credentials.name.normalize("NFKC")) throw err;
      return now;
    });
    await this.refresh().catch(() => undefined); // for the new name, which the next renewal brings at the latest
    return player;
  }

  /**
   * What this client did last, a line each: requests with their outcome, renewals, the realtime connection. For the player to send to you;
   * it has no tokens, passwords or texts in it.
   */
  supportLog(): string {
    return String(this.log);
  }

  /** Stops sharing tokens with other tabs. Call it when you no longer need this client. It does not end the session. */
  close(): void {
    this.#tokens.close();
  }

  async logOut(): Promise<void> {
    const { tokens } = this.#tokens;
    this.#tokens.keep(undefined, 0);
    if (tokens)
      await request(this.url, "POST", "/v1/auth/logout", NOTHING, {
        body: { refreshToken: tokens.refreshToken },
        log: this.log,
      });
  }

  /** The open sessions of this player. */
  async devices(): Promise<readonly DeviceInfo[]> {
    return (await this.#get("/v1/me/devices", DEVICES)).devices;
  }

  /** @throws MusterError device_not_found */
  async revokeDevice(deviceId: string): Promise<void> {
    await this.#call("DELETE", `/v1/me/devices/${encodeURIComponent(deviceId)}`, NOTHING);
  }

  /** Ends all other sessions. @returns how many it ended */
  async revokeOtherDevices(): Promise<number> {
    return (await this.#call("POST", "/v1/me/devices/revoke-others", REVOKED)).revoked;
  }

  /** Also ends all other sessions. @throws MusterError bad_credentials, weak_password, too_many_attempts, busy */
  async changePassword(passwords: Schemas["ChangePasswordRequest"]): Promise<void> {
    await this.#once("PUT", "/v1/me/password", NOTHING, passwords);
  }

  async me(): Promise<Player> {
    return this.#get("/v1/me", PLAYER);
  }

  async player(playerId: string): Promise<Player> {
    return this.#get(`/v1/players/${encodeURIComponent(playerId)}`, PLAYER);
  }

  /** By the whole name; upper and lower case do not matter. @throws MusterError player_not_found */
  async findPlayer(name: string): Promise<Player> {
    return this.#get(`/v1/players?${new URLSearchParams({ name })}`, PLAYER);
  }

  async match(matchId: string): Promise<MatchSummary> {
    return this.#get(`/v1/matches/${encodeURIComponent(matchId)}`, MATCH);
  }

  /**
   * Tells the moderators about a player. A repeat while the same report is open returns that one. @returns the report's id
   * @throws MusterError report_of_oneself, too_many_reports, player_not_found, match_not_found, invalid_request
   */
  async reportPlayer(playerId: string, report: PlayerReport): Promise<string> {
    return this.#report(`/v1/players/${encodeURIComponent(playerId)}`, "reports", report);
  }

  /**
   * Tells the moderators about a chat message, with the text that it has now. @returns the report's id
   * @throws MusterError report_of_oneself, too_many_reports, message_not_found, channel_not_found, not_a_member
   */
  async reportMessage({ channelId, seq }: Pick<Message, "channelId" | "seq">, report: MessageReport): Promise<string> {
    return this.#report(`/v1/chat/channels/${encodeURIComponent(channelId)}/messages/${seq}`, "report", report);
  }

  /** A player's matches, newest first; by default, this client's own. @throws MusterError bad_cursor, player_not_found */
  async history(page: { playerId?: string; limit?: number; cursor?: string } = {}): Promise<HistoryPage> {
    const query = new URLSearchParams();
    if (page.limit !== undefined) query.set("limit", String(page.limit));
    if (page.cursor !== undefined) query.set("cursor", page.cursor);
    const whose = page.playerId === undefined ? "me" : `players/${encodeURIComponent(page.playerId)}`;
    return this.#get(`/v1/${whose}/matches?${query}`, HISTORY);
  }

  /**
   * A page of the matches that are played now and can be watched, newest first. It needs no session.
   * @throws MusterError watching_off
   */
  async liveMatches(page: { mode?: string; limit?: number; cursor?: string } = {}): Promise<HistoryPage> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(page)) if (value !== undefined) query.set(name, String(value));
    return request(this.url, "GET", `/v1/matches/live?${query}`, HISTORY, { log: this.log });
  }

  async modes(): Promise<readonly ModeInfo[]> {
    return (await request(this.url, "GET", "/v1/modes", MODES, { log: this.log })).modes;
  }

  /**
   * An access token that is still valid for a while. Renewed if it is about to expire, or if `fresh` is set: use that when the
   * server says that the token has expired, whatever the local clock says.
   * @throws MusterError unauthenticated, bad_refresh_token
   */
  async accessToken(fresh = false): Promise<string> {
    return this.#tokens.access(fresh ? this.tokens?.accessToken : undefined);
  }

  /** Renews the tokens now, or takes over those that another tab has just renewed. @throws MusterError unauthenticated, bad_refresh_token */
  refresh(): Promise<Tokens> {
    return this.#tokens.renew();
  }

  /** A token that is valid for a while. `not`: one that is not, whatever the clock says. */
  protected accessFor(not?: string): Promise<string> {
    return this.#tokens.access(not);
  }

  async #report(of: string, verb: string, report: PlayerReport): Promise<string> {
    return (await this.#call("POST", `${of}/${verb}`, REPORTED, report)).reportId;
  }

  #get<T>(path: string, expected: Shape<T>): Promise<T> {
    return this.#call("GET", path, expected);
  }

  /** A write whose answer is lost is sent again, under one key. */
  #call<T>(
    method: Method,
    path: string,
    expected: Shape<T> | typeof NOTHING | typeof BYTES,
    body?: unknown,
  ): Promise<T> {
    if (method === "GET") return this.#once(method, path, expected, body);
    return repeated((key) => this.#once(method, path, expected, body, key));
  }

  async #once<T>(
    method: Method,
    path: string,
    expected: Shape<T> | typeof NOTHING | typeof BYTES,
    body?: unknown,
    idempotencyKey?: string,
  ): Promise<T> {
    const given = { log: this.log, idempotencyKey, ...(body === undefined ? {} : { body }) };
    const accessToken = await this.#tokens.access();
    try {
      return await request(this.url, method, path, expected, { accessToken, ...given });
    } catch (err) {
      if (!(err instanceof MusterError) || !OUTDATED.has(err.code)) throw err;
      const another = await this.#tokens.access(accessToken);
      return request(this.url, method, path, expected, { accessToken: another, ...given });
    }
  }

  async #open(path: string, body: unknown): Promise<Player> {
    const askedAt = performance.now();
    const { player, tokens } = await request(this.url, "POST", path, SESSION, { body, log: this.log });
    this.#tokens.keep(tokens, askedAt);
    return player;
  }
}
