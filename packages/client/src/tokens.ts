// The tokens of one session on one device: how long they last, and new ones in time. Several tabs may hold the same session: one of
// them renews at a time, and what one got is the others' too. Contract: /v1/auth/refresh.
import { MusterError } from "./errors.ts";
import { request, TOKENS, type TokenAnswer, type Tokens } from "./rest.ts";
import { exclusively, type Shared, shareBetweenTabs } from "./tabs.ts";

export interface TokenOptions {
  readonly url: string;
  readonly tokens?: Tokens | undefined;
  readonly onTokens?: ((tokens: Tokens | undefined) => void) | undefined;
  readonly readTokens?: (() => Tokens | undefined) | undefined;
}

/** An access token with less left than this is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;

export class TokenHolder {
  readonly #options: TokenOptions;
  #tokens: Tokens | undefined;
  /** When the access token ends, on the clock of performance.now(): the device's clock may be wrong, and set while we run. */
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

  /** What the server answered to a question of that time (performance.now()). `undefined`: the session is over. */
  keep(answer: TokenAnswer | undefined, askedAt: number): void {
    if (!answer) {
      const kept = this.#options.readTokens?.();
      const others = kept !== undefined && this.#tokens !== undefined && !sameSession(kept, this.#tokens);
      this.#drop();
      if (!others) this.#options.onTokens?.(undefined); // what another tab's log-in keeps is not ours to forget
      return;
    }
    const { accessExpiresInS, ...pair } = answer;
    // Not what our clock says of the end: how much is left, from when it was asked for.
    const serverTime = accessExpiresInS && Date.parse(pair.accessExpiresAt) - accessExpiresInS * 1000;
    const tokens = serverTime ? { ...pair, clockAheadMs: Math.round(Date.now() - serverTime) } : pair;
    this.#take(tokens);
    if (accessExpiresInS) this.#endsAt = askedAt + accessExpiresInS * 1000;
    this.#options.onTokens?.(tokens);
    this.#tabs?.tell(tokens);
  }

  /** A token that is good for a while. `not`: any but this one, which the server does not take any more, or not for long. @throws MusterError */
  async access(not?: string): Promise<string> {
    const held = this.#held();
    const leftMs = this.#endsAt - performance.now();
    if (held.accessToken !== not && leftMs > RENEW_BEFORE_MS) return held.accessToken;
    return (await this.renew()).accessToken;
  }

  /** New ones now. @throws MusterError unauthenticated, bad_refresh_token, network */
  async renew(): Promise<Tokens> {
    const before = this.#held(); // another tab may renew while the lock is waited for
    const lock = `muster ${this.#options.url} ${sessionOf(before)}`;
    this.#renewing ??= exclusively(lock, () => this.#renew(before)).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(before: Tokens): Promise<Tokens> {
    this.#takeNewer(this.#options.readTokens?.());
    const held = this.#held();
    if (held !== before && this.#endsAt - performance.now() > RENEW_BEFORE_MS) return held; // another tab was here
    try {
      // An answer that was lost on the way is asked for again: the server gives the same one until it is used.
      await this.#exchange(held).catch((err: unknown) => {
        if (err instanceof MusterError && err.code === "network") return this.#exchange(held);
        throw err;
      });
    } catch (err) {
      const over = err instanceof MusterError && err.code === "bad_refresh_token";
      if (over && this.#tokens && this.#tokens !== held) return this.#tokens; // others have come meanwhile
      if (over && this.#tokens === held) this.keep(undefined, 0);
      throw err;
    }
    return this.#held();
  }

  async #exchange(held: Tokens): Promise<void> {
    const askedAt = performance.now();
    const body = { refreshToken: held.refreshToken };
    const answer = await request(this.#options.url, "POST", "/v1/auth/refresh", TOKENS, { body });
    if (!this.#tokens || !sameSession(this.#tokens, held)) return; // logged out meanwhile
    const overtaken = this.#tokens !== held && !isNewer(answer, this.#tokens);
    if (!overtaken) this.keep(answer, askedAt);
  }

  #held(): Tokens {
    if (!this.#tokens) throw new MusterError("unauthenticated", "log in first");
    return this.#tokens;
  }

  /** From another tab. Never older ones: exchanging those would end the session. */
  #takeNewer(tokens: Tokens | undefined): boolean {
    if (!tokens || !this.#tokens || !sameSession(tokens, this.#tokens) || !isNewer(tokens, this.#tokens)) return false;
    this.#take(tokens);
    return true;
  }

  /** To be kept here too: what this tab keeps may be its own, and an old one of it would end the session one day. */
  #onTold(tokens: Tokens): void {
    if (this.#takeNewer(tokens)) this.#options.onTokens?.(tokens);
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

  /** Hears of other tabs no more. */
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

/** The session (`fam`) that an access token names; of what cannot be read, the refresh token stands for it. */
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
