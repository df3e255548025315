// Both sides say, per table, how many rows there are and what their checksum is: the sum and the exclusive or of 60 bits
// of an MD5 over a canonical text of each row, computed by each database over its own rows, so order does not matter.
import type { Connection } from "mariadb";
import { FAMILY_ID } from "./tables.ts";

export interface Verification {
  readonly table: string;
  readonly v15: string;
  readonly v20: string;
  readonly same: boolean;
}

export interface Sides {
  readonly legacy: Connection;
  readonly identity: Connection;
  readonly match: Connection;
  readonly chat: Connection;
}

const time = (column: string): string => `ifnull(date_format(${column}, '%Y-%m-%d %H:%i:%s.%f'), '')`;
const orEmpty = (column: string): string => `ifnull(${column}, '')`;

function summary(fields: readonly string[], from: string): string {
  const md5 = `cast(conv(left(md5(concat_ws('|', ${fields.join(", ")})), 15), 16, 10) as unsigned)`;
  return `select concat(count(*), ' rows, ', ifnull(hex(sum(h) % 1152921504606846976), 0), hex(ifnull(bit_xor(h), 0))) summary
    from (select ${md5} h from ${from}) rows_of_table`;
}

const MATCH_STATE = "case s.status when 'running' then 'running' when 'finished' then 'ended' else 'cancelled' end";

/** Per table of v1.5: the same facts, as each side has them. */
const PAIRS: readonly { table: string; v15: string; side: keyof Omit<Sides, "legacy">; v20: string }[] = [
  {
    table: "users",
    v15: summary(
      ["s.public_id", "s.username", "s.password_hash", "s.role", "s.banned", time("s.created_at")],
      "users s",
    ),
    side: "identity",
    v20: summary(
      ["a.id", "a.name", "c.password_phc", "a.role", "if(a.banned_until is null, 0, 1)", time("a.created_at")],
      "accounts a join credentials c on c.account_id = a.id",
    ),
  },
  {
    table: "sessions",
    v15: summary(
      ["hex(s.token_hash)", FAMILY_ID, "u.public_id", "s.revoked", time("s.created_at"), time("s.expires_at")],
      "sessions s join users u on u.id = s.user_id",
    ),
    side: "identity",
    v20: summary(
      [
        "hex(t.token_hash)",
        "f.id",
        "f.account_id",
        "if(f.revoked_at is null, 0, 1)",
        time("f.created_at"),
        time("f.expires_at"),
      ],
      "token_families f join refresh_tokens t on t.family_id = f.id",
    ),
  },
  {
    table: "matches",
    v15: summary(["s.public_id", "s.mode", MATCH_STATE, time("s.started_at"), time("s.finished_at")], "matches s"),
    side: "match",
    v20: summary(["id", "mode", "state", time("created_at"), time("ended_at")], "matches"),
  },
  {
    table: "match_players",
    v15: summary(
      [
        "m.public_id",
        "s.seat",
        "u.public_id",
        "u.username",
        time("m.started_at"),
        orEmpty("s.score"),
        orEmpty("s.place"),
      ],
      "match_players s join matches m on m.id = s.match_id join users u on u.id = s.user_id",
    ),
    side: "match",
    v20: summary(
      ["match_id", "seat", "player_id", "player_name", time("created_at"), orEmpty("score"), orEmpty("`rank`")],
      "participants",
    ),
  },
  {
    table: "ratings",
    v15: summary(["u.public_id", "s.mode", "s.rating", "s.games"], "ratings s join users u on u.id = s.user_id"),
    side: "match",
    v20: summary(["player_id", "mode", "rating", "matches"], "ratings"),
  },
  {
    table: "messages",
    v15: summary(
      [
        "concat('v15-', s.id)",
        "if(s.room like 'dm:%', concat('direct:', substr(s.room, 4)), s.room)",
        "u.public_id",
        "u.username",
        "if(s.deleted, '', s.body)",
        time("s.created_at"),
        time("s.edited_at"),
        "s.deleted",
      ],
      "messages s join users u on u.id = s.user_id",
    ),
    side: "chat",
    v20: summary(
      [
        "m.client_key",
        "c.unique_key",
        "m.author_id",
        "m.author_name",
        "m.body",
        time("m.sent_at"),
        time("m.edited_at"),
        "if(m.deleted_at is null, 0, 1)",
      ],
      "messages m join channels c on c.id = m.channel_id",
    ),
  },
];

export async function verify(sides: Sides): Promise<readonly Verification[]> {
  const results = await Promise.all(
    PAIRS.map(async ({ table, v15, side, v20 }) => {
      const [before, after] = [await summaryOf(sides.legacy, v15), await summaryOf(sides[side], v20)];
      return { table, v15: before, v20: after, same: before === after };
    }),
  );
  return [...results, await numbering(sides.chat)];
}

/** Every channel counts its messages from 1 to its last number, without gaps. */
async function numbering(chat: Connection): Promise<Verification> {
  const [row] = (await chat.query(
    `select count(*) bad from (
       select c.id from channels c left join messages m on m.channel_id = c.id
       group by c.id having count(m.seq) <> max(c.last_seq) or ifnull(max(m.seq), 0) <> max(c.last_seq)
         or ifnull(max(m.change_no), 0) > max(c.last_change)) channels_with_gaps`,
  )) as { bad: number }[];
  const bad = Number(row?.bad);
  return { table: "channel numbering", v15: "0 with gaps", v20: `${bad} with gaps`, same: bad === 0 };
}

async function summaryOf(connection: Connection, sql: string): Promise<string> {
  const [row] = (await connection.query(sql)) as { summary: string }[];
  return row?.summary ?? "";
}
