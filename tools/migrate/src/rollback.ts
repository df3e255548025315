// What v2.0 has written since the cut-over, in v1.5's form. Found by the times that v2.0 stores; written by public id, so
// that a repeat changes nothing. What v1.5 has no place for is counted and left.
import type { Connection, Pool } from "mariadb";
import type { Row } from "./table-copy.ts";

export interface CarriedBack {
  /** By table of v1.5. */
  readonly rows: Readonly<Record<string, number>>;
  /** What v1.5 has no place for. */
  readonly leftBehind: Readonly<Record<string, number>>;
}

type Pools = { readonly identity: Pool; readonly match: Pool; readonly chat: Pool };

const text = (column: string): string => `date_format(${column}, '%Y-%m-%d %H:%i:%s.%f')`;
/** Clocks of two servers may differ. */
const MARGIN = "interval 60 second";

export async function carryBack(
  legacy: Connection,
  { identity, match, chat }: Pools,
  cutOverAt: string,
  batchRows: number,
): Promise<CarriedBack> {
  const rows: Record<string, number> = {};
  const walk = async (
    table: string,
    from: Pool,
    select: string,
    key: string,
    write: (page: readonly Row[]) => Promise<unknown>,
  ): Promise<void> => {
    rows[table] ??= 0;
    for (let after = ""; ; ) {
      const page = (await from.query(`${select} and cast(${key} as char) > ? order by cast(${key} as char) limit ?`, [
        after,
        batchRows,
      ])) as Row[];
      if (page.length > 0) await write(page);
      rows[table] += page.length;
      if (page.length < batchRows) return;
      after = String(page.at(-1)?.["walk_key"]);
    }
  };
  const since = `cast('${cutOverAt}' as datetime(6)) - ${MARGIN}`;

  await walk(
    "users",
    identity,
    `select cast(a.id as char) walk_key, a.name, c.password_phc, a.role, a.banned_until > utc_timestamp(6) banned,
       ${text("a.created_at")} created_at from accounts a join credentials c on c.account_id = a.id
     where (a.updated_at >= ${since} or c.updated_at >= ${since})`,
    "a.id",
    (page) =>
      writeBatch(
        legacy,
        `insert into users (public_id, username, password_hash, role, banned, created_at) values (?, ?, ?, ?, ?, ?)
         on duplicate key update password_hash = values(password_hash), role = values(role), banned = values(banned)`,
        page
          .filter((row) => isLegacyName(row["name"]))
          .map((row) => [
            row["walk_key"],
            row["name"],
            row["password_phc"],
            row["role"],
            row["banned"] ? 1 : 0,
            row["created_at"],
          ]),
      ),
  );
  // The token that a device holds now; those that it has used up are ended.
  await walk(
    "sessions",
    identity,
    `select lower(hex(t.token_hash)) walk_key, t.token_hash, cast(f.account_id as char) account_id,
       (f.revoked_at is not null or t.rotated_at is not null) revoked, ${text("f.created_at")} created_at, ${text("t.expires_at")} expires_at
     from refresh_tokens t join token_families f on f.id = t.family_id
     where (t.created_at >= ${since} or t.rotated_at >= ${since} or f.revoked_at >= ${since})`,
    "lower(hex(t.token_hash))",
    async (page) => {
      const users = await idsOf(
        legacy,
        "users",
        page.map((row) => row["account_id"]),
      );
      await writeBatch(
        legacy,
        `insert into sessions (token_hash, user_id, revoked, created_at, expires_at) values (?, ?, ?, ?, ?)
         on duplicate key update revoked = values(revoked), expires_at = values(expires_at)`,
        page.map((row) => [
          row["token_hash"],
          users.get(String(row["account_id"])),
          row["revoked"] ? 1 : 0,
          row["created_at"],
          row["expires_at"],
        ]),
      );
    },
  );
  const changedMatches = `(m.created_at >= ${since} or m.ended_at >= ${since})`;
  await walk(
    "matches",
    match,
    `select cast(m.id as char) walk_key, m.mode, m.state, ${text("m.created_at")} created_at, ${text("m.ended_at")} ended_at
     from matches m where ${changedMatches}`,
    "m.id",
    (page) =>
      writeBatch(
        legacy,
        `insert into matches (public_id, mode, status, started_at, finished_at) values (?, ?, ?, ?, ?)
         on duplicate key update status = values(status), finished_at = values(finished_at)`,
        page.map((row) => [
          row["walk_key"],
          row["mode"],
          { running: "running", ended: "finished", cancelled: "aborted" }[row["state"] as "running"],
          row["created_at"],
          row["ended_at"],
        ]),
      ),
  );
  await walk(
    "match_players",
    match,
    `select concat(p.match_id, p.seat) walk_key, cast(p.match_id as char) match_id, p.seat, cast(p.player_id as char) player_id, p.score, p.\`rank\` place
     from participants p join matches m on m.id = p.match_id where ${changedMatches}`,
    "concat(p.match_id, p.seat)",
    async (page) => {
      const users = await idsOf(
        legacy,
        "users",
        page.map((row) => row["player_id"]),
      );
      const matches = await idsOf(
        legacy,
        "matches",
        page.map((row) => row["match_id"]),
      );
      await writeBatch(
        legacy,
        `insert into match_players (match_id, seat, user_id, score, place) values (?, ?, ?, ?, ?)
         on duplicate key update score = values(score), place = values(place)`,
        page.map((row) => [
          matches.get(String(row["match_id"])),
          row["seat"],
          users.get(String(row["player_id"])),
          row["score"],
          row["place"],
        ]),
      );
    },
  );
  await walk(
    "ratings",
    match,
    `select distinct concat(r.player_id, r.mode) walk_key, cast(r.player_id as char) player_id, r.mode, r.rating, r.matches
     from matches m join participants p on p.match_id = m.id join ratings r on r.player_id = p.player_id and r.mode = m.mode
     where ${changedMatches}`,
    "concat(r.player_id, r.mode)",
    async (page) => {
      const users = await idsOf(
        legacy,
        "users",
        page.map((row) => row["player_id"]),
      );
      await writeBatch(
        legacy,
        `insert into ratings (user_id, mode, rating, games) values (?, ?, ?, ?)
         on duplicate key update rating = values(rating), games = values(games)`,
        page.map((row) => [users.get(String(row["player_id"])), row["mode"], row["rating"], row["matches"]]),
      );
    },
  );
  await carryMessages(legacy, walk, chat, since);
  return { rows, leftBehind: await leftBehind(identity, chat, since) };
}

/** A message that v1.5 knows is brought up to date; one that it does not gets an id, which is remembered. */
async function carryMessages(
  legacy: Connection,
  walk: (
    table: string,
    from: Pool,
    select: string,
    key: string,
    write: (page: readonly Row[]) => Promise<unknown>,
  ) => Promise<void>,
  chat: Pool,
  since: string,
): Promise<void> {
  await legacy.query(`create table if not exists muster_carried (
    ref varchar(64) character set ascii collate ascii_bin not null primary key, id bigint unsigned not null) engine = InnoDB`);
  await walk(
    "messages",
    chat,
    `select concat(m.channel_id, lpad(m.seq, 20, '0')) walk_key, m.client_key, cast(m.author_id as char) author_id, m.body,
       m.deleted_at is not null deleted, ${text("m.sent_at")} sent_at, ${text("m.edited_at")} edited_at,
       if(c.kind = 'direct', concat('dm:', substr(c.unique_key, 8)), c.unique_key) room
     from messages m join channels c on c.id = m.channel_id and c.kind in ('global', 'match', 'direct')
     where (m.sent_at >= ${since} or m.edited_at >= ${since} or m.deleted_at >= ${since})`,
    "concat(m.channel_id, lpad(m.seq, 20, '0'))",
    async (page) => {
      await legacy.beginTransaction();
      try {
        for (const row of page) await carryMessage(legacy, row);
        await legacy.commit();
      } catch (err) {
        await legacy.rollback();
        throw err;
      }
    },
  );
}

async function carryMessage(legacy: Connection, row: Row): Promise<void> {
  const ref = String(row["walk_key"]);
  const own = /^v15-(\d+)$/.exec(String(row["client_key"]))?.[1];
  const [carried] = (await legacy.query("select id from muster_carried where ref = ?", [ref])) as { id: number }[];
  const id = own ?? carried?.id;
  const values = [row["body"], row["deleted"] ? 1 : 0, row["edited_at"]];
  if (id !== undefined) {
    await legacy.query("update messages set body = ?, deleted = ?, edited_at = ? where id = ?", [...values, id]);
    return;
  }
  const { insertId } = (await legacy.query(
    `insert into messages (room, user_id, body, deleted, edited_at, created_at)
     select ?, u.id, ?, ?, ?, ? from users u where u.public_id = ?`,
    [row["room"], ...values, row["sent_at"], row["author_id"]],
  )) as { insertId: number };
  await legacy.query("insert into muster_carried values (?, ?)", [ref, insertId]);
}

async function leftBehind(identity: Pool, chat: Pool, since: string): Promise<Record<string, number>> {
  const count = async (from: Pool, sql: string): Promise<number> =>
    Number(((await from.query(sql)) as { n: number }[])[0]?.n);
  const names = (await identity.query(
    `select name from accounts where kind = 'registered' and created_at >= ${since}`,
  )) as { name: string }[];
  return {
    "guest accounts": await count(
      identity,
      `select count(*) n from accounts where kind = 'guest' and created_at >= ${since}`,
    ),
    "accounts with names that v1.5 cannot store": names.filter(({ name }) => !isLegacyName(name)).length,
    rooms: await count(chat, `select count(*) n from channels where kind = 'room' and created_at >= ${since}`),
    "messages in rooms": await count(
      chat,
      `select count(*) n from messages m join channels c on c.id = m.channel_id where c.kind = 'room' and m.sent_at >= ${since}`,
    ),
    blocks: await count(chat, `select count(*) n from blocks where created_at >= ${since}`),
  };
}

/** v1.5's own keys by public id; who is not in v1.5 (a guest) has none. */
async function idsOf(
  legacy: Connection,
  table: "users" | "matches",
  publicIds: readonly unknown[],
): Promise<ReadonlyMap<string, number>> {
  const unique = [...new Set(publicIds.map(String))];
  const rows = (await legacy.query(
    `select id, cast(public_id as char) public_id from ${table} where public_id in (?)`,
    [unique],
  )) as { id: number; public_id: string }[];
  return new Map(rows.map((row) => [row.public_id, row.id]));
}

/** Rows with a key that v1.5 does not have are left out: they are counted as left behind with their owner. */
async function writeBatch(legacy: Connection, sql: string, rows: readonly (readonly unknown[])[]): Promise<void> {
  const whole = rows.filter((row) => !row.includes(undefined));
  if (whole.length > 0) await legacy.batch(sql, whole as unknown[][]);
}

/** v1.5's column: ASCII, 24 characters. */
function isLegacyName(name: unknown): boolean {
  return /^[\x20-\x7e]{1,24}$/.test(String(name));
}
