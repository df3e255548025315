// What becomes of each table of v1.5. Ids stay: v1.5's public ids are v2.0's ids. Every statement may be repeated.
import { nameKeyOf, nameSkeletonOf } from "@muster/identity-service/testing";
import type { Pool } from "mariadb";
import type { Row, TableCopy } from "./table-copy.ts";

export const FOR_GOOD = "9999-12-31 00:00:00.000000";
/** v1.5's matches were simulated by v1.5's own code: no log, no hash. */
export const LEGACY_GAME = { gameId: "v1.5", buildId: "v1.5" } as const;
export const LEGACY_DEVICE = "v1.5";

/** MariaDB 10.11 refuses versions 8 and up, so name-based ids say 5. */
/** As SQL on v1.5's `sessions`: the id of the family that a session becomes. Follows from the token, so it stays. */
export const FAMILY_ID = `insert(insert(insert(insert(insert(insert(left(lower(hex(s.token_hash)), 32), 13, 1, '5'), 17, 1, '8'), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-')`;

const text = (column: string): string => `date_format(${column}, '%Y-%m-%d %H:%i:%s.%f')`;

async function batch(pool: Pool, sql: string, rows: readonly unknown[][]): Promise<void> {
  if (rows.length > 0) await pool.batch(sql, rows as unknown[][]);
}

/** Two accounts that look alike: the older one has the skeleton, the other has none, as after v2.0's own migration. */
export async function usersCopy(identity: Pool): Promise<TableCopy> {
  const owners = new Map<string, string>();
  const known = (await identity.query("select id, name_skeleton s from accounts where name_skeleton is not null")) as {
    id: string;
    s: string;
  }[];
  for (const { id, s } of known) owners.set(s, id);
  const skeletonFor = (id: string, name: string): string | null => {
    const skeleton = nameSkeletonOf(name);
    const owner = owners.get(skeleton);
    if (owner !== undefined && owner !== id) return null;
    owners.set(skeleton, id);
    return skeleton;
  };
  return {
    table: "users",
    select: `select s.id, s.public_id, s.username, s.password_hash, s.role, s.banned,
      ${text("s.created_at")} created_at, ${text("s.updated_at")} updated_at from users s`,
    async write(rows) {
      await batch(
        identity,
        `insert into accounts
          (id, name, name_key, name_skeleton, kind, role, banned_until, ban_reason, created_at, updated_at)
         values (?, ?, ?, ?, 'registered', ?, ?, ?, ?, ?)
         on duplicate key update role = values(role), banned_until = values(banned_until),
           ban_reason = values(ban_reason), updated_at = values(updated_at)`,
        rows.map((row) => {
          const [id, name] = [String(row["public_id"]), String(row["username"])];
          const ban = row["banned"] ? [FOR_GOOD, "banned before v2.0"] : [null, null];
          const times = [row["created_at"], row["updated_at"]];
          return [id, name, nameKeyOf(name), skeletonFor(id, name), row["role"], ...ban, ...times];
        }),
      );
      await batch(
        identity,
        `insert into credentials (account_id, password_phc, updated_at) values (?, ?, ?)
         on duplicate key update password_phc = values(password_phc), updated_at = values(updated_at)`,
        rows.map((row) => [row["public_id"], row["password_hash"], row["updated_at"]]),
      );
    },
  };
}

/** A session token of v1.5 goes on as a refresh token: who was logged in stays logged in. */
export function sessionsCopy(identity: Pool): TableCopy {
  return {
    table: "sessions",
    select: `select s.id, ${FAMILY_ID} family_id, s.token_hash, u.public_id, s.revoked, ${text("s.created_at")} created_at,
      ${text("s.expires_at")} expires_at, ${text("s.updated_at")} updated_at
      from sessions s join users u on u.id = s.user_id`,
    async write(rows) {
      const revoked = (row: Row): unknown[] => (row["revoked"] ? [row["updated_at"], "logged_out"] : [null, null]);
      await batch(
        identity,
        `insert into token_families
          (id, account_id, device_label, created_at, expires_at, revoked_at, revoke_reason)
         values (?, ?, '${LEGACY_DEVICE}', ?, ?, ?, ?)
         on duplicate key update revoked_at = values(revoked_at), revoke_reason = values(revoke_reason)`,
        rows.map((row) => [row["family_id"], row["public_id"], row["created_at"], row["expires_at"], ...revoked(row)]),
      );
      await batch(
        identity,
        `insert into refresh_tokens (token_hash, family_id, created_at, expires_at, rotated_at) values (?, ?, ?, ?, null)
         on duplicate key update family_id = values(family_id)`,
        rows.map((row) => [row["token_hash"], row["family_id"], row["created_at"], row["expires_at"]]),
      );
    },
  };
}

export function matchesCopy(match: Pool): TableCopy {
  return {
    table: "matches",
    select: `select s.id, s.public_id, s.mode, s.status, ${text("s.started_at")} started_at,
      ${text("s.finished_at")} finished_at from matches s`,
    write: (rows) =>
      batch(
        match,
        `insert into matches (id, mode, game_id, build_id, seed, epoch, shard_id, state, created_at, ended_at,
          end_reason, cancel_reason, ticks, state_hash)
         values (?, ?, '${LEGACY_GAME.gameId}', '${LEGACY_GAME.buildId}', 0, 1, '00000000-0000-0000-0000-000000000000', ?, ?, ?, ?, ?, 0, '')
         on duplicate key update state = values(state), ended_at = values(ended_at),
           end_reason = values(end_reason), cancel_reason = values(cancel_reason)`,
        rows.map((row) => {
          const status = row["status"] as keyof typeof ENDINGS;
          const { state, endReason, cancelReason } = ENDINGS[status];
          return [row["public_id"], row["mode"], state, row["started_at"], row["finished_at"], endReason, cancelReason];
        }),
      ),
  };
}

const ENDINGS = {
  running: { state: "running", endReason: null, cancelReason: null },
  finished: { state: "ended", endReason: "played", cancelReason: null },
  aborted: { state: "cancelled", endReason: null, cancelReason: "fault" },
} as const;

export function participantsCopy(match: Pool): TableCopy {
  return {
    table: "match_players",
    select: `select s.id, m.public_id match_id, s.seat, u.public_id player_id, u.username, ${text("m.started_at")} started_at,
      s.score, s.place from match_players s join matches m on m.id = s.match_id join users u on u.id = s.user_id`,
    write: (rows) =>
      batch(
        match,
        `insert into participants (match_id, seat, player_id, player_name, created_at, score, \`rank\`)
         values (?, ?, ?, ?, ?, ?, ?) on duplicate key update score = values(score), \`rank\` = values(\`rank\`)`,
        rows.map((row) => [
          row["match_id"],
          row["seat"],
          row["player_id"],
          row["username"],
          row["started_at"],
          row["score"],
          row["place"],
        ]),
      ),
  };
}

export function ratingsCopy(match: Pool): TableCopy {
  return {
    table: "ratings",
    select: "select s.id, u.public_id, s.mode, s.rating, s.games from ratings s join users u on u.id = s.user_id",
    write: (rows) =>
      batch(
        match,
        `insert into ratings (player_id, mode, rating, matches) values (?, ?, ?, ?)
         on duplicate key update rating = values(rating), matches = values(matches)`,
        rows.map((row) => [row["public_id"], row["mode"], row["rating"], row["games"]]),
      ),
  };
}

/** The tables in an order in which what a row refers to comes first; lists run side by side. */
export async function allCopies(
  identity: Pool,
  match: Pool,
  messages: TableCopy,
): Promise<readonly (readonly TableCopy[])[]> {
  return [
    [await usersCopy(identity), sessionsCopy(identity), messages],
    [matchesCopy(match), participantsCopy(match), ratingsCopy(match)],
  ];
}
