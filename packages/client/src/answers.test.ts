import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Call, CALLS, TOKENS } from "../test/calls.ts";
import { ChatApi } from "./chat.ts";
import { MusterClient } from "./client.ts";
import { MusterError } from "./errors.ts";
import { RatingsApi } from "./ratings.ts";
import { ReplaysApi } from "./replays.ts";
import { RestClient } from "./rest-client.ts";

/** Not by REST. */
const OTHERS = new Set(["constructor", "connect", "close", "accessFor", "supportLog"]);
/** Done is all that their answer says: 204. */
const SAYS_NOTHING =
  /^(logOut|revokeDevice|changePassword|chat\.(hide|show|invite|addMember|declineInvitation|removeMember|hideDirect|delete|block|unblock|mute|unmute))$/;

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };
const HTML = { "content-type": "text/html" };
const PORTAL = "<!doctype html><html><head><title>Free Airport WiFi</title></head><body>Log in</body></html>";
/** Answers from other servers, and what the error message must say about each. */
const FOREIGN: Readonly<Record<string, { answer: Answer; says: RegExp }>> = {
  "a portal's page": { answer: { status: 200, headers: HTML, body: PORTAL }, says: /text\/html.*Free Airport WiFi/s },
  "a page that says it is JSON": { answer: { status: 200, headers: JSON_TYPE, body: PORTAL }, says: /status 200/ },
  "half a JSON": {
    answer: { status: 200, headers: JSON_TYPE, body: '{"tokens":{"refreshToken":"secret' },
    says: /200/,
  },
  "another server's JSON": { answer: { status: 200, headers: JSON_TYPE, body: '{"ok":true}' }, says: /status 200/ },
  null: { answer: { status: 200, headers: JSON_TYPE, body: "null" }, says: /status 200/ },
  "an empty body": { answer: { status: 200, headers: JSON_TYPE }, says: /status 200/ },
  "a redirect to a portal": {
    answer: { status: 302, headers: { location: "http://portal.example/in?from=x" } },
    says: /http:\/\/portal\.example\/in\b(?!\?)/,
  },
  "a proxy's page": { answer: { status: 502, headers: HTML, body: "<html>Bad Gateway</html>" }, says: /status 502/ },
  "another server's error": {
    answer: { status: 404, headers: JSON_TYPE, body: '{"error":"nope"}' },
    says: /status 404/,
  },
};

let server: Server;
let url: string;
let answer: Answer = { status: 204 };
beforeAll(async () => {
  server = createServer((req, res) => {
    req.resume().on("end", () => res.writeHead(answer.status, answer.headers).end(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
afterEach(() => vi.unstubAllGlobals());

const client = (): MusterClient => new MusterClient({ url, tokens: TOKENS });
const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "it was believed",
    (err: unknown) => err,
  );

describe("the SDK believes no answer that is not Muster's", () => {
  it("is walked whole: every method stands in the list", () => {
    const methods = (type: { prototype: object }, prefix: string): string[] =>
      Object.entries(Object.getOwnPropertyDescriptors(type.prototype))
        .filter(([name, { value }]) => typeof value === "function" && !OTHERS.has(name))
        .map(([name]) => prefix + name);
    expect(Object.keys(CALLS).toSorted()).toEqual(
      [
        ...methods(RestClient, ""),
        ...methods(ChatApi, "chat."),
        ...methods(RatingsApi, "ratings."),
        ...methods(ReplaysApi, "replays."),
      ].toSorted(),
    );
  });

  for (const [kind, { answer: given, says }] of Object.entries(FOREIGN)) {
    it.each(Object.keys(CALLS))(`${kind}: %s says what came`, async (name) => {
      answer = given;
      const err = await failure((CALLS[name] as Call)(client()));
      expect(err).toBeInstanceOf(MusterError);
      expect(err).toMatchObject({ code: "network", status: given.status });
      expect((err as Error).message).toMatch(says);
      expect((err as Error).message).not.toContain("secret");
    });
  }

  it.each(Object.keys(CALLS))("204: %s takes it for done only where nothing else is to come", async (name) => {
    answer = { status: 204 };
    const call = (CALLS[name] as Call)(client());
    if (SAYS_NOTHING.test(name)) expect(await call).toBeUndefined();
    else await expect(call).rejects.toMatchObject({ code: "network", status: 204 });
  });

  it("does not lose the session over a portal's page", async () => {
    answer = FOREIGN["a portal's page"]?.answer as Answer;
    const player = client();
    await failure(player.refresh());
    expect(player.tokens).toEqual(TOKENS);
  });
});

it.each<[Answer["headers"], object, number | undefined]>([
  [{ "retry-after": "7" }, {}, 7000],
  [{ "retry-after": "7" }, { details: { bits: 3 } }, 7000],
  [{}, { details: { bits: 3 } }, undefined],
  [{ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }, {}, undefined],
])("a refusal with the headers %j says in milliseconds when to try again", async (headers, more, retryAfterMs) => {
  const error = { code: "busy", message: "Too many requests.", traceId: "1".repeat(32), ...more };
  answer = { status: 429, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ error }) };
  const err = (await failure(client().me())) as MusterError;
  expect(err).toMatchObject({ code: "busy", status: 429 });
  expect(err.details?.["retryAfterMs"]).toBe(retryAfterMs);
  if ("details" in more) expect(err.details).toMatchObject({ bits: 3 });
});

describe("what cannot work is said at once", () => {
  it.each([
    "",
    "localhost:8080",
    "ftp://localhost",
    "ws://localhost:8080",
    "http://",
    "http://a:b@localhost",
    "http://localhost?x=1",
  ])("a url that is none: %j", (given) =>
    expect(() => new MusterClient({ url: given })).toThrow(expect.objectContaining({ code: "bad_url" })),
  );

  it("keeps a path below which the server is, without slashes at the end", () => {
    expect(new MusterClient({ url: "https://game.example/muster//" }).url).toBe("https://game.example/muster");
  });

  it.each([
    ["no WebSocket", undefined, "unsupported"],
    [
      "a WebSocket that refuses the url",
      class {
        constructor() {
          throw new SyntaxError("no");
        }
      },
      "bad_url",
    ],
  ])("%s: connect() does not try for thirty seconds", async (_name, webSocket, code) => {
    vi.stubGlobal("WebSocket", webSocket);
    const from = performance.now();
    await expect(client().connect()).rejects.toMatchObject({ code });
    expect(performance.now() - from).toBeLessThan(90);
  });

  it("a platform without fetch", async () => {
    vi.stubGlobal("fetch", undefined);
    await expect(client().modes()).rejects.toMatchObject({ code: "unsupported" });
  });

  it("a fault of the app's own callback", async () => {
    answer = { status: 200, headers: JSON_TYPE, body: JSON.stringify(TOKENS) };
    const onTokens = (): never => {
      throw new TypeError("storage is full");
    };
    const tokens = { ...TOKENS, accessExpiresAt: "2020-01-01T00:00:00.000Z" };
    const from = performance.now();
    await expect(new MusterClient({ url, tokens, onTokens }).connect()).rejects.toMatchObject({ code: "internal" });
    expect(performance.now() - from).toBeLessThan(90);
  });
});

describe("when no answer comes, the message says why", () => {
  it("in Node, by the system's word for it", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const nobody = (at: number): Promise<unknown> => new MusterClient({ url: `http://127.0.0.1:${at}` }).modes();
    await expect(nobody(port)).rejects.toMatchObject({
      code: "network",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    await expect(nobody(1)).rejects.toMatchObject({ code: "network", message: expect.stringContaining("bad port") });
  });

  it("in a browser, which does not tell: not reachable, or this page's origin is not allowed, and by which variable it would be", async () => {
    vi.stubGlobal("location", { origin: "http://localhost:5173", href: "http://localhost:5173/" });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(client().modes()).rejects.toMatchObject({
      code: "network",
      message: expect.stringMatching(/reached.*CORS.*EDGE_CORS_ORIGINS must include http:\/\/localhost:5173/s),
    });
  });

  it("in a browser, of a page from https that asks http", async () => {
    vi.stubGlobal("location", { origin: "https://game.example", href: "https://game.example/" });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(client().modes()).rejects.toMatchObject({ message: expect.stringContaining("only https") });
  });
});
