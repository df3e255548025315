// The tokens of one session on one device, renewed before they expire. Several tabs may share a session: one tab renews at a time,
// and passes the new tokens to the others. Contract: /v1/auth/refresh.
import { MusterError } from "./errors.ts";
import { request, TOKENS, type TokenAnswer, type Tokens } from "./rest.ts";
import type { SupportLog } from "./support-log.ts";
import { exclusively, type Shared, shareBetweenTabs } from "./tabs.ts";

export interface TokenOptions {
  readonly url: string;
  readonly tokens?: Tokens | undefined;
  readonly onTokens?: ((tokens: Tokens | undefined) => void) | undefined;
  readonly readTokens?: (() => Tokens | undefined) | undefined;
  readonly log?: SupportLog;
}

/** An access token that expires sooner than this is renewed before use. */
const RENEW_BEFORE_MS = 30_000;
/**
 * A browser passes on a lock sooner than what its last holder stored and told: tabs are processes of their own. For this long, the tab that
 * waited for the lock waits for those too.
 */
const PASSED_ON_WITHIN_MS = 250;
const LOOK_EVERY_MS = 10;

export class TokenHolder {
  readonly #options: TokenOptions;
  #tokens: Tokens | undefined;
  /** When the access token expires, by performance.now(): the device's clock may be wrong, or be set while we run. */
  #endsAt = 0;
  #renewing: Promise<Tokens> | undefined;
  #tabs: Shared<Tokens> | undefined;

  constructor(options: TokenOptions) {
    this.#options = options;
    const tokens = options.tokens ?? options.readTokens?.();
    if (tokens) this.#take(tokens);
  }

  get tokens(): Tokens | undefined {
    return this.#tokens;
  }

  /** Keeps the server's answer to a request sent at `askedAt` (performance.now()). `undefined`: the session has ended. */
  keep(answer: TokenAnswer | undefined, askedAt: number): void {
    if (!answer) {
      const kept = this.#options.readTokens?.();
      const others = kept !== undefined && this.#tokens !== undefined && !sameSession(kept, this.#tokens);
      this.#drop();
      if (!others) this.#options.onTokens?.(undefined); // do not delete what another tab's log-in stored
      return;
    }
    const { accessExpiresInS, ...pair } = answer;
    // Use the remaining lifetime, counted from when the tokens were requested, and not the device's clock.
    const serverTime = accessExpiresInS && Date.parse(pair.accessExpiresAt) - accessExpiresInS * 1000;
    const tokens = serverTime ? { ...pair, clockAheadMs: Math.round(Date.now() - serverTime) } : pair;
    this.#take(tokens);
    if (accessExpiresInS) this.#endsAt = askedAt + accessExpiresInS * 1000;
    this.#options.onTokens?.(tokens);
    this.#tabs?.tell(tokens);
  }

  /** A token that is valid for a while. `not`: a token not to return, because it has expired or soon will. @throws MusterError */
  async access(not?: string): Promise<string> {
    const current = this.#current();
    const leftMs = this.#endsAt - performance.now();
    if (current.accessToken !== not && leftMs > RENEW_BEFORE_MS) return current.accessToken;
    return (await this.renew()).accessToken;
  }

  /** Renews the tokens now. @throws MusterError unauthenticated, bad_refresh_token, network */
  async renew(): Promise<Tokens> {
    const before = this.#current(); // another tab may renew while this one waits for the lock
    const lock = `muster ${this.#options.url} ${sessionOf(before)}`;
    this.#renewing ??= exclusively(lock, (afterAnother) => this.#renew(before, afterAnother)).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(before: Tokens, afterAnother: boolean): Promise<Tokens> {
    this.#takeNewer(this.#options.readTokens?.());
    if (afterAnother) await this.#passedOn(before);
    const current = this.#current();
    if (current !== before && this.#endsAt - performance.now() > RENEW_BEFORE_MS) return current; // another tab has renewed
    try {
      // Retry after a lost answer: the server returns the same successor until it is used.
      await this.#exchange(current).catch((err: unknown) => {
        if (err instanceof MusterError && err.code === "network") return this.#exchange(current);
        throw err;
      });
    } catch (err) {
      const over = err instanceof MusterError && err.code === "bad_refresh_token";
      if (over && this.#tokens && this.#tokens !== current) return this.#tokens; // newer ones have arrived in the meantime
      if (over && this.#tokens === current) this.keep(undefined, 0);
      throw err;
    }
    return this.#current();
  }

  /** The other tab's renewal may also have failed: then there is nothing to come. */
  async #passedOn(before: Tokens): Promise<void> {
    const until = performance.now() + PASSED_ON_WITHIN_MS;
    while (this.#tokens === before && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      this.#takeNewer(this.#options.readTokens?.());
    }
  }

  async #exchange(current: Tokens): Promise<void> {
    const askedAt = performance.now();
    const { url, log } = this.#options;
    const body = { refreshToken: current.refreshToken };
    const answer = await request(url, "POST", "/v1/auth/refresh", TOKENS, { body, log });
    if (!this.#tokens || !sameSession(this.#tokens, current)) return; // logged out in the meantime
    const overtaken = this.#tokens !== current && !isNewer(answer, this.#tokens);
    if (!overtaken) this.keep(answer, askedAt);
  }

  #current(): Tokens {
    if (!this.#tokens) throw new MusterError("unauthenticated", "log in first");
    return this.#tokens;
  }

  /** Accepts tokens from another tab, but never older ones: exchanging those would end the session. */
  #takeNewer(tokens: Tokens | undefined): boolean {
    if (!tokens || !this.#tokens || !sameSession(tokens, this.#tokens) || !isNewer(tokens, this.#tokens)) return false;
    this.#take(tokens);
    return true;
  }

  /** Stores another tab's tokens here too: this tab's storage may be its own, and old tokens in it would end the session later. */
  #onTold(tokens: Tokens): void {
    if (!this.#takeNewer(tokens)) return;
    this.#options.log?.note("tokens from another tab");
    this.#options.onTokens?.(tokens);
  }

  #take(tokens: Tokens): void {
    const before = this.#tokens;
    this.#tokens = tokens;
    const serverNow = Date.now() - (tokens.clockAheadMs ?? 0);
    this.#endsAt = performance.now() + Date.parse(tokens.accessExpiresAt) - serverNow;
    if (before && sameSession(before, tokens)) return;
    this.#tabs?.close();
    const name = `muster ${this.#options.url} ${sessionOf(tokens)}`;
    this.#tabs = shareBetweenTabs<Tokens>(name, (newer) => this.#onTold(newer));
  }

  /** Stops listening to other tabs. */
  close(): void {
    this.#tabs?.close();
    this.#tabs = undefined;
  }

  #drop(): void {
    this.#tokens = undefined;
    this.close();
  }
}

function isNewer(a: Tokens, b: Tokens): boolean {
  return Date.parse(a.accessExpiresAt) > Date.parse(b.accessExpiresAt);
}

/** Identifies a session: the access token's `fam`, or the refresh token if the access token cannot be parsed. */
function sessionOf({ accessToken, refreshToken }: Tokens): string {
  try {
    const payload = (accessToken.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { fam } = JSON.parse(atob(payload)) as { fam?: unknown };
    return typeof fam === "string" ? fam : refreshToken;
  } catch {
    return refreshToken;
  }
}

function sameSession(a: Tokens, b: Tokens): boolean {
  return sessionOf(a) === sessionOf(b);
}
