// The same page from a single plain process: Fastify, token verification, the same three statements, the same JSON.
import { fastify } from "fastify";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { createPool } from "mariadb";

const { PLAIN_DB_URL = "", PLAIN_PORT = "0", EDGE_PORT = "" } = process.env;
const { hostname, port, username, password, pathname } = new URL(PLAIN_DB_URL);
const db = createPool({
  host: hostname,
  port: Number(port),
  user: username,
  password,
  database: pathname.slice(1),
  connectionLimit: 8,
  timezone: "Z",
});
let keys: ReturnType<typeof createLocalJWKSet> | undefined;

async function keySet(): Promise<ReturnType<typeof createLocalJWKSet>> {
  keys ??= createLocalJWKSet(
    (await (await fetch(`http://127.0.0.1:${EDGE_PORT}/.well-known/jwks.json`)).json()) as JSONWebKeySet,
  );
  return keys;
}

const text = { type: "string" };
const match = {
  type: "object",
  properties: {
    matchId: text,
    mode: text,
    gameId: text,
    buildId: text,
    state: text,
    createdAt: text,
    endedAt: text,
    endReason: text,
    stateHash: text,
    ticks: { type: "integer" },
    participants: {
      type: "array",
      items: {
        type: "object",
        properties: {
          seat: { type: "integer" },
          playerId: text,
          name: text,
          score: { type: "integer" },
          rank: { type: "integer" },
        },
      },
    },
  },
};
const server = fastify();
server.get("/healthz", () => ({ ok: true }));
server.get(
  "/:playerId",
  {
    schema: {
      response: { 200: { type: "object", properties: { matches: { type: "array", items: match }, nextCursor: text } } },
    },
  },
  async (request) => {
    const { payload } = await jwtVerify((request.headers.authorization ?? "").slice(7), await keySet(), {
      algorithms: ["EdDSA"],
    });
    const page = (await db.query(
      "select match_id, date_format(created_at, '%Y-%m-%d %H:%i:%s.%f') at from participants where player_id = ? order by created_at desc, match_id desc limit 21",
      [payload.sub],
    )) as { match_id: string; at: string }[];
    const ids = page.slice(0, 20).map((row) => row.match_id);
    const matches = (await db.query("select * from matches where id in (?)", [ids])) as Record<string, unknown>[];
    const seats = (await db.query("select * from participants where match_id in (?) order by match_id, seat", [
      ids,
    ])) as Record<string, unknown>[];
    const byMatch = Map.groupBy(seats, (row) => row["match_id"]);
    const byId = new Map(matches.map((row) => [row["id"], row]));
    return {
      matches: ids.map((id) => json(byId.get(id) as Record<string, unknown>, byMatch.get(id) ?? [])),
      ...(page.length > 20
        ? { nextCursor: Buffer.from(`${page[19]?.at}/${page[19]?.match_id}`).toString("base64url") }
        : {}),
    };
  },
);
await server.listen({ host: "127.0.0.1", port: Number(PLAIN_PORT) });

function json(row: Record<string, unknown>, seats: readonly Record<string, unknown>[]): unknown {
  return {
    matchId: row["id"],
    mode: row["mode"],
    gameId: row["game_id"],
    buildId: row["build_id"],
    state: row["state"],
    createdAt: (row["created_at"] as Date).toISOString(),
    endedAt: (row["ended_at"] as Date).toISOString(),
    endReason: row["end_reason"],
    stateHash: row["state_hash"],
    ticks: row["ticks"],
    participants: seats.map((seat) => ({
      seat: seat["seat"],
      playerId: seat["player_id"],
      name: seat["player_name"],
      score: seat["score"],
      rank: seat["rank"],
    })),
  };
}
