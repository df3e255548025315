// The REST boundary: what it does, and what bad input gets. Every answer here is also checked against the OpenAPI
// document (testkit, contract-fetch.setup.ts).
import { connect } from "node:net";
import { MusterClient } from "@muster/client";
import { descriptionOf } from "@muster/game-kit";
import { GAMES } from "@muster/modes";
import { describeWithServers, testKeys, until } from "@muster/testkit";
import { decodeJwt, UnsecuredJWT } from "jose";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guest, randomName } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const PASSWORD = "correct horse battery";

describeWithServers("the REST boundary", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(system.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const get = (path: string, token?: string): Promise<Response> =>
    fetch(system.url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  const codeOf = async (response: Response): Promise<[number, string]> => [
    response.status,
    ((await response.json()) as { error: { code: string } }).error.code,
  ];

  it("describes every game that is played, for clients in any language, and says which there are none", async () => {
    for (const game of GAMES.values()) {
      const response = await get(`/v1/games/${game.id}`);
      expect(response.headers.get("cache-control")).toBe("public, max-age=60");
      expect(await response.json()).toEqual({ gameId: game.id, builds: [descriptionOf(game)] });
    }
    expect(await codeOf(await get("/v1/games/nosuchgame"))).toEqual([404, "game_not_found"]);
    expect(await codeOf(await get("/v1/games/No%20Game"))).toEqual([400, "invalid_request"]);
    await system.stop("shard");
    await until(async () => ((await get("/v1/games/duel")).status === 200 ? "the shard is there" : undefined));
    expect(await codeOf(await get("/v1/games/duel"))).toEqual([503, "unavailable"]);
    await system.start("shard");
    await until(async () => ((await get("/v1/games/duel")).status === 200 ? undefined : "no shard"));
  });

  it("carries out a write with an Idempotency-Key once, whatever is sent again by it", async () => {
    const [reporter, target] = [await guest(system.url), await guest(system.url)];
    const path = `/v1/players/${target.player.playerId}/reports`;
    const report = async (key: string, comment: string): Promise<Response> =>
      post(
        path,
        { category: "spam", comment },
        {
          authorization: `Bearer ${await reporter.client.accessToken()}`,
          "idempotency-key": key,
        },
      );
    const first = await report("one", "x");
    expect([first.status, first.headers.get("idempotent-replayed")]).toEqual([201, null]);
    const again = await report("one", "x");
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
    expect(await again.text()).toBe(await first.text());
    expect(await codeOf(await report("one", "y"))).toEqual([422, "key_reused"]);
    expect(await codeOf(await report("no key", "x"))).toEqual([400, "invalid_request"]);
    // At the same time: one is carried out, the others hear of it, or of its answer.
    const crowd = await Promise.all(Array.from({ length: 6 }, () => report("two", "z")));
    expect(crowd.filter(({ status, headers }) => status === 201 && !headers.has("idempotent-replayed"))).toHaveLength(
      1,
    );
    for (const { status, headers } of crowd)
      expect([201, 409].includes(status) && (status === 201 || headers.has("retry-after"))).toBe(true);
  });

  it("registers a player once, whatever the case of the name, and logs in with the password", async () => {
    const name = randomName();
    const client = new MusterClient({ url: system.url });
    const player = await client.register({ name, password: PASSWORD });
    expect(player).toMatchObject({ name, kind: "registered" });
    await expect(
      new MusterClient({ url: system.url }).register({ name: name.toUpperCase(), password: PASSWORD }),
    ).rejects.toMatchObject({ code: "name_taken", status: 409 });
    expect(await new MusterClient({ url: system.url }).logIn({ name: name.toUpperCase(), password: PASSWORD })).toEqual(
      player,
    );
  });

  it("answers a wrong password and an unknown name alike", async () => {
    const name = randomName();
    await new MusterClient({ url: system.url }).register({ name, password: PASSWORD });
    const answers = await Promise.all([
      post("/v1/auth/login", { name, password: "wrong" }),
      post("/v1/auth/login", { name: randomName(), password: "wrong" }),
    ]);
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { error: { traceId?: string } }[];
    for (const body of bodies) delete body.error.traceId;
    expect(answers.map((answer) => answer.status)).toEqual([401, 401]);
    expect(bodies[0]).toEqual(bodies[1]);
  });

  it("finds a guest again by its device, and keeps devices apart", async () => {
    const [a, b] = [new MusterClient({ url: system.url }), new MusterClient({ url: system.url })];
    const first = await a.logInGuest("device-key-0123456789");
    expect(await b.logInGuest("device-key-0123456789")).toEqual(first);
    expect((await b.logInGuest("device-key-another-one")).playerId).not.toBe(first.playerId);
  });

  it("makes one guest of two calls at the same instant", async () => {
    const players = await Promise.all(
      Array.from({ length: 8 }, () => new MusterClient({ url: system.url }).logInGuest("device-key-of-a-race-1")),
    );
    expect(new Set(players.map((player) => player.playerId)).size).toBe(1);
  });

  it("upgrades a guest once: the same player with a name and a password, which its device key no longer opens", async () => {
    const deviceKey = "device-key-of-an-upgrade";
    const client = new MusterClient({ url: system.url });
    const { playerId } = await client.logInGuest(deviceKey);
    const name = randomName();
    await expect(client.upgradeGuest({ name, password: "password" })).rejects.toMatchObject({ code: "weak_password" });
    await expect(client.upgradeGuest({ name: "admin", password: PASSWORD })).rejects.toMatchObject({
      code: "bad_name",
    });
    const player = await client.upgradeGuest({ name, password: PASSWORD });
    expect(player).toMatchObject({ playerId, name, kind: "registered" });
    expect(decodeJwt(client.tokens?.accessToken as string)).toMatchObject({ sub: playerId, name });
    expect(await client.me()).toEqual(player);
    await expect(client.upgradeGuest({ name: randomName(), password: PASSWORD })).rejects.toMatchObject({
      code: "not_a_guest",
      status: 409,
    });
    expect(await new MusterClient({ url: system.url }).logIn({ name, password: PASSWORD })).toEqual(player);
    const another = await new MusterClient({ url: system.url }).logInGuest(deviceKey);
    expect(another.playerId).not.toBe(playerId);
    const late = new MusterClient({ url: system.url });
    await late.logInGuest("device-key-of-a-late-one");
    await expect(late.upgradeGuest({ name: name.toUpperCase(), password: PASSWORD })).rejects.toMatchObject({
      code: "name_taken",
      status: 409,
    });
  });

  it("rotates refresh tokens, and ends the session when one is used twice", async () => {
    const { client } = await guest(system.url);
    const first = client.tokens?.refreshToken;
    const second = (await client.refresh()).refreshToken;
    expect(second).not.toBe(first);
    const third = (await client.refresh()).refreshToken;
    expect(await codeOf(await post("/v1/auth/refresh", { refreshToken: first }))).toEqual([401, "bad_refresh_token"]);
    expect(await codeOf(await post("/v1/auth/refresh", { refreshToken: third }))).toEqual([401, "bad_refresh_token"]);
  });

  it("gives refreshes at the same instant the same successor: one answer may have been lost", async () => {
    const { client } = await guest(system.url);
    const refreshToken = client.tokens?.refreshToken;
    const answers = await Promise.all([1, 2, 3].map(() => post("/v1/auth/refresh", { refreshToken })));
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as { refreshToken: string }[];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(new Set(bodies.map((body) => body.refreshToken)).size).toBe(1);
  });

  it("ends a session at log-out; logging out twice is no error", async () => {
    const { client } = await guest(system.url);
    const refreshToken = client.tokens?.refreshToken;
    expect((await post("/v1/auth/logout", { refreshToken })).status).toBe(204);
    expect((await post("/v1/auth/logout", { refreshToken })).status).toBe(204);
    expect((await post("/v1/auth/logout", { refreshToken: "unknown" })).status).toBe(204);
    expect(await codeOf(await post("/v1/auth/refresh", { refreshToken }))).toEqual([401, "bad_refresh_token"]);
  });

  it("serves profiles, queues, keys and its own contract", async () => {
    const { client, player } = await guest(system.url);
    expect(await client.player(player.playerId)).toEqual(player);
    expect((await client.modes()).map((mode) => mode.mode)).toContain("duel");
    expect((await get("/.well-known/jwks.json")).status).toBe(200);
    expect(await (await get("/v1/openapi.yaml")).text()).toContain("openapi: 3.1.0");
    expect(
      await codeOf(await get("/v1/players/01a20ab2-2d4a-7326-a77a-000000000000", await client.accessToken())),
    ).toEqual([404, "player_not_found"]);
    expect(
      await codeOf(await get("/v1/matches/01a20ab2-2d4a-7326-a77a-000000000000", await client.accessToken())),
    ).toEqual([404, "match_not_found"]);
  });

  it("demands a token of its own making", async () => {
    const { client } = await guest(system.url);
    const good = await client.accessToken();
    const foreign = await testKeys();
    const none = new UnsecuredJWT({ name: "x", fam: "x" })
      .setIssuer("muster-identity")
      .setAudience("muster")
      .setSubject("x")
      .setIssuedAt()
      .setExpirationTime("1h")
      .encode();
    expect(await codeOf(await get("/v1/me"))).toEqual([401, "unauthenticated"]);
    expect(await codeOf(await fetch(`${system.url}/v1/me`, { headers: { authorization: "Basic eDp5" } }))).toEqual([
      401,
      "unauthenticated",
    ]);
    for (const token of [
      "a.b.c",
      none,
      await foreign.sign(),
      await foreign.sign({ aud: "other" }),
      good.slice(0, -8),
    ]) {
      expect(await codeOf(await get("/v1/me", token))).toEqual([401, "token_invalid"]);
    }
    expect((await get("/v1/me", good)).status).toBe(200);
  });

  it("refuses bad bodies, each with its code, and never with a 5xx", async () => {
    const good = { name: randomName(), password: PASSWORD };
    const bad: [string, unknown, number, string][] = [
      ["malformed JSON", '{"name": ', 400, "invalid_request"],
      ["no body", "", 400, "invalid_request"],
      ["null", "null", 400, "invalid_request"],
      ["an array", [good], 400, "invalid_request"],
      ["a missing field", { name: good.name }, 400, "invalid_request"],
      ["an unknown field", { ...good, role: "admin" }, 400, "invalid_request"],
      ["a number for a name", { ...good, name: 12345 }, 400, "invalid_request"],
      ["a short password", { ...good, password: "short" }, 400, "weak_password"],
      ["a name with a space", { ...good, name: "a b c" }, 400, "bad_name"],
      ["a name that is too short", { ...good, name: "ab" }, 400, "bad_name"],
      ["a name that is too long", { ...good, name: "a".repeat(25) }, 400, "bad_name"],
      ["half a character for a name", '{"name":"ab\\ud800c","password":"12345678"}', 400, "invalid_request"],
      ["a name that is SQL", { ...good, name: "x' or 1=1 --" }, 400, "bad_name"],
      ["prototype pollution", '{"name":"abcdef","password":"12345678","__proto__":{"a":1}}', 400, "invalid_request"],
      [
        "a constructor",
        '{"name":"abcdef","password":"12345678","constructor":{"prototype":{"a":1}}}',
        400,
        "invalid_request",
      ],
      ["over the limit", { ...good, password: "x".repeat(20_000) }, 413, "body_too_large"],
    ];
    for (const [note, body, status, code] of bad)
      expect(await codeOf(await post("/v1/auth/register", body)), note).toEqual([status, code]);
    expect(
      await codeOf(await post("/v1/auth/register", "name=x", { "content-type": "application/x-www-form-urlencoded" })),
    ).toEqual([415, "unsupported_media_type"]);
    expect((await post("/v1/auth/register", "x".repeat(100_000))).status).toBe(413); // already at nginx
  });

  it("tells at / what it is and where everything is, in a form that a browser shows", async () => {
    const response = await get("/");
    const { name, version, ...links } = (await response.json()) as Record<string, string>;
    expect([response.status, name]).toEqual([200, "Muster"]);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(Object.keys(links).toSorted()).toEqual(["contract", "health", "modes", "realtime"]);
    for (const link of [...Object.values(links), "/livez"]) {
      const there = await get(link);
      expect(there.status, link).toBe(link === links["realtime"] ? 400 : 200); // it is for WebSockets, and says so
      expect(there.headers.get("content-type"), link).toMatch(/^(application\/(json|yaml)|text\/plain)/);
    }
  });

  it("refuses bad paths, queries and cursors", async () => {
    const { client } = await guest(system.url);
    const token = await client.accessToken();
    const notAnId = (await (await get("/v1/players/not-a-uuid", token)).json()) as { error: Record<string, unknown> };
    expect(notAnId.error).toMatchObject({
      code: "invalid_request",
      message: "params.playerId must be an id (a UUID)",
    });
    expect(await codeOf(await get("/v1/me/matches?limit=0", token))).toEqual([400, "invalid_request"]);
    expect(await codeOf(await get("/v1/me/matches?limit=abc", token))).toEqual([400, "invalid_request"]);
    expect(await codeOf(await get("/v1/me/matches?unknown=1", token))).toEqual([400, "invalid_request"]);
    expect(await codeOf(await get("/v1/me/matches?cursor=AAAA", token))).toEqual([400, "bad_cursor"]);
    expect(await codeOf(await get("/v1/nothing", token))).toEqual([404, "route_not_found"]);
    expect(await codeOf(await fetch(`${system.url}/v1/me`, { method: "DELETE" }))).toEqual([404, "route_not_found"]);
    expect((await get("/system/healthz")).status).toBe(404); // not from outside
  });

  it("continues the caller's trace through identity and match, and names it in errors", async () => {
    const { client, player } = await guest(system.url);
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const headers = {
      authorization: `Bearer ${await client.accessToken()}`,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    };
    const answers = await Promise.all([
      fetch(`${system.url}/v1/me`, { headers }),
      fetch(`${system.url}/v1/players/${player.playerId}/matches`, { headers }),
      fetch(`${system.url}/v1/me/matches?cursor=AAAA`, { headers }),
    ]);
    for (const answer of answers) expect(answer.headers.get("traceparent")).toContain(traceId);
    // The player's matches alone pass through all three: identity says that the player exists, match lists.
    const oneRequest = "0af7651916cd43dd8448eb211c80319c";
    await fetch(`${system.url}/v1/players/${player.playerId}/matches`, {
      headers: { ...headers, traceparent: `00-${oneRequest}-00f067aa0ba902b7-01` },
    });
    for (const name of ["edge", "identity", "match"] as const)
      expect(
        system.logs[name].find((line) => line["traceId"] === oneRequest),
        name,
      ).toBeDefined();
    const { error } = (await (answers[2] as Response).json()) as { error: { traceId: string } };
    expect(error.traceId).toBe(traceId);
    for (const name of ["edge", "identity", "match"] as const)
      expect(
        system.logs[name].find((line) => line["traceId"] === traceId),
        name,
      ).toBeDefined();
  });

  it("writes no password and no token into any log", async () => {
    const password = `secret-${randomName()}`;
    const client = new MusterClient({ url: system.url });
    await client.register({ name: randomName(), password });
    await client.me();
    const all = Object.values(system.logs)
      .map((log) => JSON.stringify(log.lines))
      .join();
    for (const secret of [password, await client.accessToken(), client.tokens?.refreshToken as string])
      expect(all).not.toContain(secret);
  });

  it("answers requests that are no HTTP without harm", async () => {
    for (const text of [
      "\0\0\0\0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
      "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /system/healthz HTTP/1.1\r\n\r\n",
    ]) {
      const socket = connect(Number(system.env["MUSTER_INGRESS_PORT"]), "127.0.0.1");
      const heard: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => heard.push(chunk)).on("error", () => undefined);
      socket.end(text);
      await new Promise((resolve) => socket.once("close", resolve));
      expect(Buffer.concat(heard).toString("latin1")).not.toContain('"processes"');
    }
    expect((await fetch(`${system.url}/healthz`)).status).toBe(200);
  });

  it("lets no service's database user into another service's tables", async () => {
    const [identity, match] = [
      new URL(system.databaseUrls["identity-service"] as string),
      new URL(system.databaseUrls["match-service"] as string),
    ];
    const pairs: [URL, string][] = [
      [identity, `${match.pathname.slice(1)}.matches`],
      [match, `${identity.pathname.slice(1)}.accounts`],
    ];
    for (const [user, table] of pairs) {
      const connection = await createConnection({
        host: user.hostname,
        port: Number(user.port),
        user: user.username,
        password: user.password,
      });
      await expect(connection.query(`select * from ${table}`)).rejects.toMatchObject({ errno: 1142 });
      await expect(connection.query("create database intruder_x")).rejects.toMatchObject({ errno: 1044 });
      await connection.end();
    }
  });
});
