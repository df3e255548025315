// Messages: each room becomes a channel, and its messages are numbered from 1 in the order of their ids. The number is
// given when a message is first written, in one transaction with the channel's counters; a repeat finds it by the client
// key `v15-<id>` and only brings the text up to date.
import { createHash } from "node:crypto";
import { GLOBAL_CHANNEL_ID } from "@muster/chat-service/testing";
import type { Pool, PoolConnection } from "mariadb";
import type { Row, TableCopy } from "./table-copy.ts";

export interface LegacyChannel {
  readonly id: string;
  readonly kind: "global" | "match" | "direct";
  readonly uniqueKey: string;
}

/** Follows from the room's name, so that a repeat finds the channel again. */
export function channelOf(room: string): LegacyChannel {
  if (room === "global") return { id: GLOBAL_CHANNEL_ID, kind: "global", uniqueKey: "global" };
  const uniqueKey = room.replace(/^dm:/, "direct:");
  const hex = createHash("sha256").update(`muster v1.5 room ${room}`).digest("hex");
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { id, kind: room.startsWith("match:") ? "match" : "direct", uniqueKey };
}

export function clientKeyOf(legacyId: unknown): string {
  return `v15-${String(legacyId)}`;
}

/** `namesOf`: players of a room, by public id; v1.5's database knows them. */
export function messagesCopy(
  chat: Pool,
  membersOf: (rooms: readonly string[]) => Promise<ReadonlyMap<string, readonly Member[]>>,
): TableCopy {
  return {
    table: "messages",
    select: `select s.id, s.room, u.public_id, u.username, s.body, s.deleted,
      date_format(s.created_at, '%Y-%m-%d %H:%i:%s.%f') created_at, date_format(s.edited_at, '%Y-%m-%d %H:%i:%s.%f') edited_at,
      date_format(s.updated_at, '%Y-%m-%d %H:%i:%s.%f') updated_at from messages s join users u on u.id = s.user_id`,
    async write(rows) {
      const byRoom = Map.groupBy(rows, (row) => String(row["room"]));
      const connection = await chat.getConnection();
      try {
        await connection.beginTransaction();
        await ensureChannels(connection, [...byRoom.keys()], membersOf);
        await writeMessages(connection, rows, byRoom);
        await connection.commit();
      } catch (err) {
        await connection.rollback();
        throw err;
      } finally {
        await connection.release();
      }
    },
  };
}

export interface Member {
  readonly playerId: string;
  readonly name: string;
}

async function ensureChannels(
  connection: PoolConnection,
  rooms: readonly string[],
  membersOf: (rooms: readonly string[]) => Promise<ReadonlyMap<string, readonly Member[]>>,
): Promise<void> {
  const wanted = rooms.filter((room) => room !== "global").map((room) => ({ room, ...channelOf(room) }));
  if (wanted.length === 0) return;
  const found = new Set(
    (
      (await connection.query("select cast(id as char) id from channels where id in (?)", [
        wanted.map(({ id }) => id),
      ])) as { id: string }[]
    ).map((row) => row.id),
  );
  const missing = wanted.filter(({ id }) => !found.has(id));
  if (missing.length === 0) return;
  const members = await membersOf(missing.map(({ room }) => room));
  const people = missing.map(({ id, room }) => ({ id, people: members.get(room) ?? [] }));
  await connection.batch(
    `insert into channels (id, kind, unique_key, name, is_private, owner_id, member_count, last_seq, last_change, created_at)
     values (?, ?, ?, '', 0, null, ?, 0, 0, utc_timestamp(6))`,
    missing.map(({ id, kind, uniqueKey, room }) => [id, kind, uniqueKey, (members.get(room) ?? []).length]),
  );
  const memberRows = people.flatMap(({ id, people: all }) => all.map(({ playerId, name }) => [id, playerId, name]));
  if (memberRows.length === 0) return;
  await connection.batch(
    `insert into members (channel_id, player_id, name, joined_change, last_read_seq, joined_at)
     values (?, ?, ?, 0, 0, utc_timestamp(6))`,
    memberRows,
  );
}

async function writeMessages(
  connection: PoolConnection,
  rows: readonly Row[],
  byRoom: ReadonlyMap<string, readonly Row[]>,
): Promise<void> {
  const channelIds = [...byRoom.keys()].map((room) => channelOf(room).id);
  // The counters' lock: one writer at a time numbers the messages of a channel.
  const counters = (await connection.query(
    "select cast(id as char) id, last_seq, last_change from channels where id in (?) order by id for update",
    [channelIds],
  )) as { id: string; last_seq: number; last_change: number }[];
  const channels = new Map(counters.map((row) => [row.id, { seq: row.last_seq, change: row.last_change }]));
  const there = await existing(connection, rows);
  const inserts: unknown[][] = [];
  const updates: unknown[][] = [];
  for (const row of rows) {
    const { id } = channelOf(String(row["room"]));
    const channel = channels.get(id);
    if (!channel) throw new Error(`the channel ${id} is gone`);
    const body = row["deleted"] ? "" : row["body"];
    const deletedAt = row["deleted"] ? row["updated_at"] : null;
    const key = clientKeyOf(row["id"]);
    const old = there.get(`${id} ${key}`);
    if (old === undefined) {
      channel.seq++;
      channel.change++;
      inserts.push([
        id,
        channel.seq,
        channel.change,
        row["public_id"],
        row["username"],
        body,
        key,
        row["created_at"],
        row["edited_at"],
        deletedAt,
      ]);
    } else if (old.body !== body || old.edited !== row["edited_at"] || old.deleted !== deletedAt) {
      channel.change++;
      updates.push([channel.change, body, row["edited_at"], deletedAt, id, old.seq]);
    }
  }
  if (inserts.length > 0)
    await connection.batch(
      `insert into messages (channel_id, seq, change_no, author_id, author_name, body, client_key, sent_at, edited_at, deleted_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      inserts,
    );
  if (updates.length > 0)
    await connection.batch(
      "update messages set change_no = ?, body = ?, edited_at = ?, deleted_at = ? where channel_id = ? and seq = ?",
      updates,
    );
  await connection.batch(
    "update channels set last_seq = ?, last_change = ? where id = ?",
    [...channels].map(([id, { seq, change }]) => [seq, change, id]),
  );
}

interface Existing {
  readonly seq: number;
  readonly body: string;
  readonly edited: string | null;
  readonly deleted: string | null;
}

/** Of these rows, those that have been written before: by channel and client key. */
async function existing(connection: PoolConnection, rows: readonly Row[]): Promise<ReadonlyMap<string, Existing>> {
  const keys = rows.map((row) => [channelOf(String(row["room"])).id, row["public_id"], clientKeyOf(row["id"])]);
  await connection.query(`create or replace temporary table wanted_messages
    (channel_id uuid not null, author_id uuid not null, client_key varchar(64) character set ascii collate ascii_bin not null) engine = memory`);
  await connection.batch("insert into wanted_messages values (?, ?, ?)", keys);
  // A join looks each one up by the unique key; a list of triples would be a scan.
  const found = (await connection.query(
    `select cast(m.channel_id as char) channel_id, m.client_key, m.seq, m.body,
       date_format(m.edited_at, '%Y-%m-%d %H:%i:%s.%f') edited, date_format(m.deleted_at, '%Y-%m-%d %H:%i:%s.%f') deleted
     from wanted_messages w straight_join messages m
       on m.channel_id = w.channel_id and m.author_id = w.author_id and m.client_key = w.client_key`,
  )) as (Existing & { channel_id: string; client_key: string })[];
  return new Map(found.map((row) => [`${row.channel_id} ${row.client_key}`, row]));
}
