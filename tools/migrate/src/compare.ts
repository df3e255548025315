// Row by row, independent of the checksums: both sides are read in one order and compared field by field in memory.
import type { Connection } from "mariadb";
import { connect } from "./connect.ts";
import { channelOf } from "./messages.ts";

export interface ComparedUrls {
  readonly legacy: string;
  readonly identity: string;
  readonly match: string;
  readonly chat: string;
}

type Row = Readonly<Record<string, unknown>>;

const text = (column: string): string => `date_format(${column}, '%Y-%m-%d %H:%i:%s.%f')`;

/** @returns how many rows were compared. @throws Error at the first difference */
export async function compareEveryRow(urls: ComparedUrls): Promise<number> {
  const [legacy, identity, match, chat] = await Promise.all(
    [urls.legacy, urls.identity, urls.match, urls.chat].map(connect),
  );
  const sides = { legacy, identity, match, chat } as Record<keyof ComparedUrls, Connection>;
  try {
    let rows = 0;
    for (const { table, v15, side, v20, asV20 } of TABLES)
      rows += await compareTable(table, sides.legacy.queryStream(v15), sides[side].queryStream(v20), asV20);
    return rows;
  } finally {
    for (const side of Object.values(sides)) await side.end();
  }
}

const TABLES: readonly {
  table: string;
  v15: string;
  side: "identity" | "match" | "chat";
  v20: string;
  asV20: (row: Row) => Row;
}[] = [
  {
    table: "users",
    v15: `select cast(public_id as char) id, username, password_hash, role, banned, ${text("created_at")} at from users order by cast(public_id as char)`,
    side: "identity",
    v20: `select cast(a.id as char) id, a.name username, c.password_phc password_hash, a.role, if(a.banned_until is null, 0, 1) banned, ${text("a.created_at")} at
      from accounts a join credentials c on c.account_id = a.id order by cast(a.id as char)`,
    asV20: (row) => row,
  },
  {
    table: "sessions",
    v15: `select hex(s.token_hash) token, cast(u.public_id as char) player, s.revoked, ${text("s.expires_at")} ends from sessions s join users u on u.id = s.user_id order by token`,
    side: "identity",
    v20: `select hex(t.token_hash) token, cast(f.account_id as char) player, if(f.revoked_at is null, 0, 1) revoked, ${text("t.expires_at")} ends
      from refresh_tokens t join token_families f on f.id = t.family_id order by token`,
    asV20: (row) => row,
  },
  {
    table: "matches",
    v15: `select cast(public_id as char) id, mode, status state, ${text("started_at")} started, ${text("finished_at")} ended from matches order by cast(public_id as char)`,
    side: "match",
    v20: `select cast(id as char) id, mode, state, ${text("created_at")} started, ${text("ended_at")} ended from matches order by cast(id as char)`,
    asV20: (row) => ({
      ...row,
      state: { running: "running", finished: "ended", aborted: "cancelled" }[row["state"] as "running"],
    }),
  },
  {
    table: "match_players",
    v15: `select cast(m.public_id as char) id, p.seat, cast(u.public_id as char) player, u.username name, ${text("m.started_at")} started, p.score, p.place
      from match_players p join matches m on m.id = p.match_id join users u on u.id = p.user_id order by cast(m.public_id as char), p.seat`,
    side: "match",
    v20: `select cast(match_id as char) id, seat, cast(player_id as char) player, player_name name, ${text("created_at")} started, score, \`rank\` place
      from participants order by cast(match_id as char), seat`,
    asV20: (row) => row,
  },
  {
    table: "ratings",
    v15: "select cast(u.public_id as char) player, r.mode, r.rating, r.games from ratings r join users u on u.id = r.user_id order by cast(u.public_id as char), r.mode",
    side: "match",
    v20: "select cast(player_id as char) player, mode, rating, matches games from ratings order by cast(player_id as char), mode",
    asV20: (row) => row,
  },
  {
    table: "messages",
    v15: `select concat('v15-', m.id) id, m.room channel, cast(u.public_id as char) author, u.username name, m.body, m.deleted, ${text("m.created_at")} sent, ${text("m.edited_at")} edited
      from messages m join users u on u.id = m.user_id order by id`,
    side: "chat",
    v20: `select client_key id, cast(channel_id as char) channel, cast(author_id as char) author, author_name name, body, if(deleted_at is null, 0, 1) deleted, ${text("sent_at")} sent, ${text("edited_at")} edited
      from messages order by client_key`,
    asV20: (row) => ({
      ...row,
      channel: channelOf(String(row["channel"])).id,
      body: row["deleted"] ? "" : row["body"],
    }),
  },
];

async function compareTable(
  table: string,
  v15: AsyncIterable<unknown>,
  v20: AsyncIterable<unknown>,
  asV20: (row: Row) => Row,
): Promise<number> {
  const theirs = v20[Symbol.asyncIterator]();
  let rows = 0;
  for await (const row of v15) {
    const wanted = JSON.stringify(asV20(row as Row));
    const next = await theirs.next();
    const found = next.done ? "nothing" : JSON.stringify(next.value);
    if (wanted !== found) throw new Error(`${table}, row ${rows}: v1.5 has ${wanted}, v2.0 has ${found}`);
    rows++;
  }
  const more = await theirs.next();
  if (!more.done) throw new Error(`${table}: v2.0 has more than v1.5: ${JSON.stringify(more.value)}`);
  return rows;
}
