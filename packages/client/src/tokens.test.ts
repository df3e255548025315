import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MusterClient } from "./client.ts";
import type { TokenAnswer, Tokens } from "./rest.ts";

const LIFE_S = 600;
const MINUTE_MS = 60_000;
const PLAYER = { playerId: "p", name: "ann", kind: "guest", role: "player", createdAt: "2026-01-01T00:00:00.000Z" };

/** edge-api and identity-service as far as tokens go: their rule for repeats, and a clock that nobody sets. */
class Server {
  readonly #from = Date.now() - performance.now();
  readonly #exchanged = new Map<string, string>();
  #sessions = 0;
  /** Its access tokens are not taken any more. */
  readonly refused = new Set<string>();
  readonly #over = new Set<string>();
  exchanges = 0;
  calls = 0;
  /** The answers to so many exchanges do not arrive. */
  loses = 0;
  passedMs = 0;

  now(): number {
    return this.#from + performance.now() + this.passedMs;
  }

  open(): TokenAnswer {
    return this.#answer(`session-${++this.#sessions}`, 0);
  }

  #answer(family: string, number: number): TokenAnswer {
    const at = (seconds: number): string => new Date(this.now() + seconds * 1000).toISOString();
    const accessToken = `x.${btoa(JSON.stringify({ fam: family, exp: this.now() + LIFE_S * 1000, nr: Math.random() }))}.x`;
    const [accessExpiresAt, refreshExpiresAt] = [at(LIFE_S), at(86_400)];
    return {
      accessToken,
      accessExpiresAt,
      accessExpiresInS: LIFE_S,
      refreshToken: `${family}.${number}`,
      refreshExpiresAt,
    };
  }

  readonly fetch = async (url: string, init: { headers: Record<string, string>; body?: string }): Promise<Response> => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { pathname } = new URL(url);
    if (pathname === "/v1/auth/guest") return Response.json({ player: PLAYER, tokens: this.open() });
    if (pathname === "/v1/auth/refresh") return this.#refresh(JSON.parse(init.body as string).refreshToken);
    this.calls++;
    const token = (init.headers["authorization"] as string).slice("Bearer ".length);
    const { exp, fam } = JSON.parse(atob(token.split(".")[1] as string)) as { exp: number; fam: string };
    if (exp < this.now() || this.refused.has(token) || this.#over.has(fam)) return refusal("token_expired");
    return Response.json(PLAYER);
  };

  #refresh(token: string): Response {
    this.exchanges++;
    const [family, number] = token.split(".") as [string, string];
    const next = `${family}.${Number(number) + 1}`;
    if (this.#exchanged.has(next)) this.#over.add(family);
    if (this.#over.has(family)) return refusal("bad_refresh_token");
    this.#exchanged.set(token, next);
    const answer = this.#answer(family, Number(number) + 1);
    if (this.loses-- > 0) throw new TypeError("fetch failed");
    return Response.json(answer);
  }
}

function refusal(code: string): Response {
  return Response.json({ error: { code, message: code, traceId: "0".repeat(32) } }, { status: 401 });
}

let server: Server;
beforeEach(() => {
  server = new Server();
  vi.stubGlobal("fetch", server.fetch);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The device's clock. */
function setClock(aheadMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: server.now() + aheadMs });
}

const url = "http://server.test";
const asked = async (client: MusterClient, times = 5): Promise<void> => {
  for (let i = 0; i < times; i++) await client.me();
};

describe("how long a token lasts", () => {
  it.each([15, -15, 24 * 60])("does not depend on the device's clock: %i minutes ahead", async (minutes) => {
    setClock(minutes * MINUTE_MS);
    const client = new MusterClient({ url });
    await client.logInGuest("device-key-0123456789");
    await asked(client);
    expect(server.exchanges).toBe(0);
    await client.refresh();
    await asked(client);
    expect(server.exchanges).toBe(1);
  });

  it.each([15, -15])(
    "of a session that is taken up again, by what was kept with it: %i minutes ahead",
    async (minutes) => {
      setClock(minutes * MINUTE_MS);
      const before = new MusterClient({ url });
      await before.logInGuest("device-key-0123456789");
      const tokens = JSON.parse(JSON.stringify(before.tokens)) as Tokens;
      await asked(new MusterClient({ url, tokens }));
      expect(server.exchanges).toBe(0);
      server.passedMs = 9.8 * MINUTE_MS;
      setClock(minutes * MINUTE_MS); // and so did the device's
      const later = new MusterClient({ url, tokens });
      await asked(later);
      expect([server.exchanges, server.calls]).toEqual([1, 10]); // 12 s were left: renewed before it was refused
    },
  );

  it.each([15, -15])(
    "of one that was kept by an older SDK: one exchange at most, %i minutes ahead",
    async (minutes) => {
      setClock(minutes * MINUTE_MS);
      const { accessExpiresInS: _, ...tokens } = server.open();
      server.passedMs = 11 * MINUTE_MS;
      setClock(minutes * MINUTE_MS);
      await asked(new MusterClient({ url, tokens }));
      expect(server.exchanges).toBe(1);
    },
  );

  it("is exchanged once when several calls are refused at the same time", async () => {
    const client = new MusterClient({ url });
    await client.logInGuest("device-key-0123456789");
    server.refused.add(client.tokens?.accessToken as string);
    await Promise.all([client.me(), client.me(), client.me()]);
    expect(server.exchanges).toBe(1);
  });
});

/** localStorage, as far as one session goes. */
class Kept {
  text: string | undefined;
  readonly options = {
    url,
    readTokens: (): Tokens | undefined => (this.text === undefined ? undefined : (JSON.parse(this.text) as Tokens)),
    onTokens: (tokens: Tokens | undefined): void => void (this.text = tokens && JSON.stringify(tokens)),
  };
}

describe.each([
  ["in browsers, by a lock and a channel", true, false],
  ["in browsers that keep them too", true, true],
  ["where there is only what is kept", false, true],
])("tabs with the same tokens, %s", (_name, browser, keeps) => {
  let kept: Kept;
  const open = (): MusterClient =>
    new MusterClient(keeps ? kept.options : { url, ...(kept.text ? { tokens: JSON.parse(kept.text) as Tokens } : {}) });
  beforeEach(async () => {
    if (browser) vi.stubGlobal("document", {});
    kept = new Kept();
    const first = new MusterClient(kept.options);
    await first.logInGuest("device-key-0123456789");
  });
  const told = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

  it("stay logged in, whoever renews, for as long as they like", async () => {
    const tabs = [open(), open(), open()];
    for (const turn of [0, 1, 0, 0, 2, 2, 1]) {
      server.passedMs += 9.8 * MINUTE_MS;
      const before = server.exchanges;
      await (tabs[turn] as MusterClient).refresh();
      expect(server.exchanges - before).toBeLessThanOrEqual(1);
      await told();
      for (const tab of tabs) await tab.me();
    }
    const tokens = tabs.map((tab) => tab.tokens?.refreshToken);
    if (keeps) for (const tab of tabs) await tab.me();
    if (browser) expect(new Set(tokens).size).toBe(1);
  });

  it("survive that all of them renew at the same moment", async () => {
    const tabs = [open(), open(), open()];
    for (let round = 0; round < 5; round++) {
      await Promise.all(tabs.map((tab) => tab.accessToken(true)));
      await told();
      for (const tab of tabs) await tab.me();
    }
  });
});

describe("a tab that waited for another one's renewal", () => {
  it("takes over what that one stored, though the browser shows it only later", async () => {
    vi.stubGlobal("document", {});
    vi.stubGlobal("BroadcastChannel", undefined);
    const kept = new Kept();
    const first = new MusterClient(kept.options);
    await first.logInGuest("device-key-0123456789");
    const late = new Kept(); // the same storage, seen from another process
    late.text = kept.text;
    const second = new MusterClient(late.options);
    const renewed = first.accessToken(true).then(() => setTimeout(() => (late.text = kept.text), 50));
    await Promise.all([renewed, second.accessToken(true)]);
    expect([server.exchanges, second.tokens]).toEqual([1, first.tokens]);
  });

  it("renews by itself when nothing comes", async () => {
    vi.stubGlobal("document", {});
    const kept = new Kept();
    const first = new MusterClient(kept.options);
    await first.logInGuest("device-key-0123456789");
    const second = new MusterClient(kept.options);
    server.loses = 2; // both tries of the first
    const lost = expect(first.refresh()).rejects.toMatchObject({ code: "network" });
    await second.refresh();
    await lost;
    await asked(second);
    for (const client of [first, second]) client.close();
  });
});

describe("what another tab has kept", () => {
  it("is taken over before anything is exchanged, also after hours in the background", async () => {
    const kept = new Kept();
    const first = new MusterClient(kept.options);
    await first.logInGuest("device-key-0123456789");
    const second = new MusterClient(kept.options);
    for (let i = 0; i < 5; i++) await first.refresh();
    await second.accessToken(true);
    expect([server.exchanges, second.tokens]).toEqual([5, first.tokens]);
  });

  it("is not taken when it is older: exchanging it would end the session", async () => {
    const kept = new Kept();
    const client = new MusterClient({ ...kept.options, onTokens: () => undefined }); // which fails to keep anything
    await client.logInGuest("device-key-0123456789");
    kept.options.onTokens(client.tokens);
    for (let i = 0; i < 3; i++) await client.refresh();
    await asked(client);
  });

  it("is not taken, and not forgotten, when it is somebody else's", async () => {
    const kept = new Kept();
    const first = new MusterClient(kept.options);
    await first.logInGuest("device-key-0123456789");
    const stale = first.tokens as Tokens;
    const second = new MusterClient(kept.options);
    await second.logInGuest("device-key-of-another");
    await first.refresh();
    expect(first.tokens?.refreshToken).toBe("session-1.1");
    kept.options.onTokens(second.tokens);
    await new MusterClient({ url, tokens: first.tokens as Tokens }).refresh();
    const thief = new MusterClient({ ...kept.options, tokens: stale });
    await expect(thief.refresh()).rejects.toMatchObject({ code: "bad_refresh_token" });
    expect(kept.text).toBe(JSON.stringify(second.tokens));
  });
});

describe("a tab that keeps its tokens for itself", () => {
  it("keeps what another one got: its own would end the session after a reload", async () => {
    vi.stubGlobal("document", {});
    const [one, other] = [new Kept(), new Kept()];
    const first = new MusterClient(one.options);
    await first.logInGuest("device-key-0123456789");
    other.text = one.text; // the tab is duplicated
    const second = new MusterClient(other.options);
    for (let i = 0; i < 3; i++) await first.refresh();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(other.text).toBe(one.text);
    second.close();
    const reloaded = new MusterClient(other.options);
    await reloaded.refresh();
    await asked(reloaded);
    for (const client of [first, reloaded]) client.close();
  });
});

describe("an exchange whose answer is lost", () => {
  it("is made again, at once or whenever somebody asks next", async () => {
    const client = new MusterClient({ url });
    await client.logInGuest("device-key-0123456789");
    server.loses = 3;
    await expect(client.refresh()).rejects.toMatchObject({ code: "network" });
    await client.refresh();
    await asked(client);
    expect(server.exchanges).toBe(4);
  });

  it("does not log in again who logged out meanwhile", async () => {
    const client = new MusterClient({ url });
    await client.logInGuest("device-key-0123456789");
    const refreshed = client.refresh();
    const ended = expect(refreshed).rejects.toMatchObject({ code: "unauthenticated" });
    await client.logOut().catch(() => undefined); // this server knows no log-out
    await ended;
    expect(client.tokens).toBeUndefined();
  });
});
