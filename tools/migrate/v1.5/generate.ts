// Realistic data of v1.5: made in the database, from sequences and hashes, so that a million rows take seconds and the
// same seed gives the same rows.
import { readFileSync } from "node:fs";
import type { Connection } from "mariadb";

export interface Amounts {
  readonly users: number;
  readonly matches: number;
  readonly messages: number;
}

/** A password hash that v1.5 could have made: argon2id with smaller parameters than today's, of "correct horse battery". */
export const LEGACY_PHC =
  "$argon2id$v=19$m=19456,t=2,p=1$bXVzdGVydjE1c2FsdDAxMg$W4z7EFF25kjayDte1YgzsDWYzWAV3Ms4PrysoHUT+1Q";

export async function createSchema(legacy: Connection): Promise<void> {
  const sql = readFileSync(new URL("./schema.sql", import.meta.url), "utf8").replaceAll(/^ *--.*$/gm, "");
  for (const statement of sql.split(";")) if (statement.trim() !== "") await legacy.query(statement);
}

/** A UUID, version 4, that follows from a text: the same every time. */
const uuidOf = (text: string): string =>
  `insert(insert(insert(insert(insert(insert(md5(${text}), 13, 1, '4'), 17, 1, '8'), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-')`;
/** Skewed: few play and write much, most little. */
const skewed = (seed: string, max: string): string => `floor(pow((crc32(${seed}) / 4294967296), 2.5) * ${max}) + 1`;

export async function generate(legacy: Connection, { users, matches, messages }: Amounts): Promise<void> {
  const start = "'2024-01-01'";
  const at = (n: string, of: number): string => `timestampadd(second, floor(${n} * ${Math.floor(9e7 / of)}), ${start})`;
  const insert = (sql: string): Promise<unknown> => legacy.query(sql);
  await insert(`
    insert into users (id, public_id, username, password_hash, role, banned, created_at, updated_at)
    select seq, ${uuidOf("concat('user', seq)")}, concat(elt(1 + seq % 6, 'ace', 'Bob', 'Zoe_', 'x', 'Mo', 'lucky'), seq),
      '${LEGACY_PHC}', if(seq % 5000 = 0, 'moderator', 'player'), seq % 397 = 0,
      ${at("seq", users)}, ${at("seq", users)}
    from seq_1_to_${users}`);
  await insert(`
    insert into sessions (id, token_hash, user_id, revoked, created_at, expires_at, updated_at)
    select seq, unhex(sha2(concat('session', seq), 256)), ${skewed("concat('s', seq)", String(users))}, seq % 7 = 0,
      utc_timestamp(6) - interval seq % 1000 hour, utc_timestamp(6) + interval 30 day, utc_timestamp(6) - interval 1 hour
    from seq_1_to_${users}`);
  await insert(`
    insert into matches (id, public_id, mode, status, started_at, finished_at, updated_at)
    select seq, ${uuidOf("concat('match', seq)")}, elt(1 + seq % 3, 'duel', 'duel', 'duel-quick'),
      if(seq % 41 = 0, 'aborted', if(seq % 10007 = 0, 'running', 'finished')), ${at("seq", matches)},
      if(seq % 10007 = 0 and seq % 41 <> 0, null, ${at("seq", matches)} + interval 90 + seq % 60 second),
      ${at("seq", matches)}
    from seq_1_to_${matches}`);
  const first = skewed("concat('p', s.seq)", String(users - 1));
  await insert(`
    insert into match_players (match_id, seat, user_id, score, place, updated_at)
    select s.seq, seat.seq, if(seat.seq = 0, ${first}, (${first} + crc32(concat('q', s.seq)) % ${users - 2}) % ${users} + 1),
      if(m.status = 'finished', crc32(concat(s.seq, seat.seq)) % 5, null), if(m.status = 'finished', 1 + seat.seq, null), m.updated_at
    from seq_1_to_${matches} s join matches m on m.id = s.seq join seq_0_to_1 seat`);
  await insert(`
    insert into ratings (user_id, mode, rating, games, updated_at)
    select p.user_id, m.mode, 1200 + cast(sum(if(p.place = 1, 8, -8)) as signed), count(*), max(m.updated_at)
    from match_players p join matches m on m.id = p.match_id where m.status = 'finished' group by p.user_id, m.mode`);
  await insert(`
    insert into messages (room, user_id, body, deleted, created_at, edited_at, updated_at)
    select
      case when x.seq % 10 < 5 then 'global'
        when x.seq % 10 < 8 then concat('match:', m.public_id)
        else concat('dm:', least(a.public_id, b.public_id), ':', greatest(a.public_id, b.public_id)) end,
      if(x.seq % 10 between 5 and 7, p.user_id, a.id),
      concat(elt(1 + x.seq % 5, 'gg', 'nice one', 'häh?', '🦄🦄', 'rematch? it was "close", \\\\o/'), ' #', x.seq),
      x.seq % 211 = 0, ${at("x.seq", messages)}, if(x.seq % 97 = 0, ${at("x.seq", messages)} + interval 1 minute, null),
      ${at("x.seq", messages)}
    from (select seq, 1 + crc32(concat('mm', seq)) % ${matches} mid, ${skewed("concat('ma', seq)", String(users - 200))} uid
          from seq_1_to_${messages}) x
    join matches m on m.id = x.mid
    join match_players p on p.match_id = x.mid and p.seat = x.seq % 2
    join users a on a.id = x.uid
    join users b on b.id = x.uid + 1 + x.seq % 199
    order by x.seq`);
}
