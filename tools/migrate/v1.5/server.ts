// A stand-in for the v1.5 monolith, as design/backend/v1.5-baseline.md describes it: one process, one schema, the same
// external paths for accounts, matches and history, and a few that only it has. It is what the strangler host is tested
// against, and the plain process that the REST bench compares with.
import { argon2Sync, createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Pool } from "mariadb";
import { pool } from "../src/connect.ts";

const SESSION_DAYS = 30;
const READ_ONLY = 1142;

interface User {
  readonly id: number;
  readonly public_id: string;
  readonly username: string;
  readonly role: string;
  readonly password_hash: string;
  readonly banned: number;
  readonly created_at: Date;
}

export interface LegacyServer extends AsyncDisposable {
  readonly url: string;
  /** Paths that it has answered: who was asked? */
  readonly asked: string[];
}

export async function createLegacyServer(options: { url: string; port?: number }): Promise<LegacyServer> {
  const db = pool(options.url, 8);
  const server = fastify({ logger: false, forceCloseConnections: true });
  const asked: string[] = [];
  server.addHook("onRequest", (request, _reply, done) => {
    asked.push(`${request.method} ${request.url}`);
    done();
  });
  server.setErrorHandler((err, _request, reply) => {
    const readOnly = (err as { errno?: number }).errno === READ_ONLY;
    const status = readOnly ? 503 : ((err as { statusCode?: number }).statusCode ?? 500);
    return fail(reply, status, readOnly ? "read_only" : "legacy_error", (err as Error).message);
  });
  addAccounts(server, db);
  addMatches(server, db);
  addLegacyOnly(server, db);
  const url = await server.listen({ host: "127.0.0.1", port: options.port ?? 0 });
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      await server.close();
      await db.end();
    },
  };
}

function addAccounts(server: FastifyInstance, db: Pool): void {
  server.post("/v1/auth/register", async (request, reply) => {
    const { name, password } = request.body as { name: string; password: string };
    const created = (await db.query("insert ignore into users (public_id, username, password_hash) values (?, ?, ?)", [
      randomUUID(),
      name,
      hash(password),
    ])) as { affectedRows: number };
    if (created.affectedRows === 0) return fail(reply, 409, "name_taken", "This name is taken.");
    const user = (await findUser(db, "username", name)) as User;
    return reply.code(201).send({ player: profile(user), tokens: await openSession(db, user) });
  });
  server.post("/v1/auth/login", async (request, reply) => {
    const { name, password } = request.body as { name: string; password: string };
    const user = await findUser(db, "username", name);
    if (!user || user.banned || !matches(password, user.password_hash))
      return fail(reply, 401, "bad_credentials", "Name or password is wrong.");
    return { player: profile(user), tokens: await openSession(db, user) };
  });
  // v1.5 has one token for everything: to refresh it gives the same one back.
  server.post("/v1/auth/refresh", async (request, reply) => {
    const { refreshToken } = request.body as { refreshToken: string };
    const session = await findSession(db, refreshToken);
    return session
      ? tokens(refreshToken, session.expires_at)
      : fail(reply, 401, "bad_refresh_token", "The refresh token is not valid.");
  });
  server.post("/v1/auth/logout", async (request, reply) => {
    const { refreshToken } = request.body as { refreshToken: string };
    await db.query("update sessions set revoked = 1 where token_hash = ?", [sha256(refreshToken)]);
    return reply.code(204).send();
  });
  server.get("/v1/me", async (request, reply) => {
    const user = await whoAsks(db, request);
    return user ? profile(user) : fail(reply, 401, "token_invalid", "Log in first.");
  });
  server.get("/v1/players/:playerId", async (request, reply) => {
    const { playerId } = request.params as { playerId: string };
    const user = await findUser(db, "public_id", playerId);
    return user ? profile(user) : fail(reply, 404, "player_not_found", "There is no such player.");
  });
}

function addMatches(server: FastifyInstance, db: Pool): void {
  server.get("/v1/me/matches", async (request, reply) => {
    const user = await whoAsks(db, request);
    if (!user) return fail(reply, 401, "token_invalid", "Log in first.");
    const { limit = "20", cursor = "0" } = request.query as { limit?: string; cursor?: string };
    return historyPage(db, user.id, Number(limit), Number(cursor));
  });
  server.get("/v1/matches/:matchId", async (request, reply) => {
    const { matchId } = request.params as { matchId: string };
    const found = await matchesJson(db, "m.public_id = ?", [matchId], 1);
    return found[0] ?? fail(reply, 404, "match_not_found", "There is no such match.");
  });
}

/** What v2.0 has not extracted. */
function addLegacyOnly(server: FastifyInstance, db: Pool): void {
  server.get("/v1/leaderboard", async () => ({
    players: await db.query(
      "select u.username name, r.rating from ratings r join users u on u.id = r.user_id order by r.rating desc, u.id limit 10",
    ),
  }));
  server.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  server.all("/v1/legacy/echo", async (request, reply) => {
    const chunks: Buffer[] = [];
    const body = request.body as AsyncIterable<Buffer> | object | undefined;
    if (body && Symbol.asyncIterator in body) for await (const chunk of body) chunks.push(chunk as Buffer);
    const sent = chunks.length > 0 ? Buffer.concat(chunks).toString("base64") : JSON.stringify(body ?? null);
    return reply
      .code(299)
      .header("x-legacy", "yes")
      .header("set-cookie", ["a=1", "b=2"])
      .send({ method: request.method, url: request.url, headers: request.headers, body: sent });
  });
  server.get("/v1/legacy/stream", (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream" });
    let count = 0;
    const timer = setInterval(() => {
      reply.raw.write(`data: ${++count}\n\n`);
      if (count < 5) return;
      clearInterval(timer);
      reply.raw.end();
    }, 40);
  });
  // A WebSocket that echoes text frames of up to 125 bytes: enough to see that an upgrade and its frames pass.
  server.server.on("upgrade", (request, socket) => {
    const key = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    );
    socket
      .on("error", () => undefined)
      .on("end", () => socket.end())
      .on("data", (frame: Buffer) => {
        const head = frame[0] ?? 0;
        const length = (frame[1] ?? 0) & 127;
        if ((head & 15) === 8) return void socket.end(Buffer.from([0x88, 0]));
        const mask = frame.subarray(2, 6);
        const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] as number));
        socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
      });
  });
}

async function findUser(db: Pool, by: "username" | "public_id", value: string): Promise<User | undefined> {
  return ((await db.query(`select * from users where ${by} = ?`, [value])) as User[])[0];
}

async function findSession(db: Pool, token: string): Promise<{ user_id: number; expires_at: Date } | undefined> {
  const sql =
    "select user_id, expires_at from sessions where token_hash = ? and revoked = 0 and expires_at > utc_timestamp(6)";
  return ((await db.query(sql, [sha256(token)])) as { user_id: number; expires_at: Date }[])[0];
}

async function whoAsks(db: Pool, request: FastifyRequest): Promise<User | undefined> {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const session = token === undefined ? undefined : await findSession(db, token);
  if (!session) return undefined;
  return ((await db.query("select * from users where id = ?", [session.user_id])) as User[])[0];
}

async function openSession(db: Pool, user: User): Promise<object> {
  const token = randomBytes(24).toString("base64url");
  const expiresAt = new Date(Date.now() + SESSION_DAYS * 86_400_000);
  await db.query("insert into sessions (token_hash, user_id, expires_at) values (?, ?, ?)", [
    sha256(token),
    user.id,
    expiresAt,
  ]);
  return tokens(token, expiresAt);
}

async function historyPage(db: Pool, userId: number, limit: number, before: number): Promise<object> {
  const rows = await matchesJson(
    db,
    "m.id in (select match_id from match_players where user_id = ?) and (? = 0 or m.id < ?)",
    [userId, before, before],
    limit + 1,
  );
  const page = rows.slice(0, limit);
  return { matches: page, ...(rows.length > limit ? { nextCursor: String(page.at(-1)?.legacyId) } : {}) };
}

interface MatchJson {
  readonly matchId: string;
  readonly legacyId: number;
}

async function matchesJson(db: Pool, where: string, values: unknown[], limit: number): Promise<MatchJson[]> {
  const found = (await db.query(`select * from matches m where ${where} order by m.id desc limit ?`, [
    ...values,
    limit,
  ])) as Record<string, unknown>[];
  if (found.length === 0) return [];
  const players = (await db.query(
    "select p.match_id, p.seat, u.public_id, u.username, p.score, p.place from match_players p join users u on u.id = p.user_id where p.match_id in (?) order by p.match_id, p.seat",
    [found.map((row) => row["id"])],
  )) as Record<string, unknown>[];
  return found.map((row) => ({
    matchId: String(row["public_id"]),
    legacyId: Number(row["id"]),
    mode: row["mode"],
    gameId: "v1.5",
    buildId: "v1.5",
    state: { running: "running", finished: "ended", aborted: "cancelled" }[row["status"] as "running"],
    participants: players
      .filter((player) => player["match_id"] === row["id"])
      .map((player) => ({
        seat: player["seat"],
        playerId: player["public_id"],
        name: player["username"],
        ...(player["score"] === null ? {} : { score: player["score"], rank: player["place"] }),
      })),
    createdAt: row["started_at"],
    ...(row["finished_at"] ? { endedAt: row["finished_at"], ticks: 0 } : {}),
  }));
}

function profile(user: User): object {
  return {
    playerId: user.public_id,
    name: user.username,
    kind: "registered",
    role: user.role,
    createdAt: user.created_at,
  };
}

function tokens(token: string, expiresAt: Date): object {
  return { accessToken: token, accessExpiresAt: expiresAt, refreshToken: token, refreshExpiresAt: expiresAt };
}

function fail(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ error: { code, message, traceId: "0".repeat(32) } });
}

function hash(password: string): string {
  const salt = randomBytes(16);
  return `$argon2id$v=19$m=19456,t=2,p=1$${unpadded(salt)}$${unpadded(derive(password, salt, 19_456, 2))}`;
}

/** Reads the parameters from the hash: v2.0's hashes work here too, which is what lets a rollback keep passwords. */
function matches(password: string, phc: string): boolean {
  const [, memory, passes, salt = "", expected = ""] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([^$]+)\$([^$]+)$/.exec(phc) ?? [];
  const given = derive(password, Buffer.from(salt, "base64"), Number(memory), Number(passes));
  const wanted = Buffer.from(expected, "base64");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function derive(password: string, nonce: Buffer, memory: number, passes: number): Buffer {
  const message = Buffer.from(password.normalize("NFKC"));
  return argon2Sync("argon2id", { message, nonce, memory, passes, parallelism: 1, tagLength: 32 });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
