// What grows in the databases, and why that is bounded.
import type { Connection } from "mariadb";

/** Tables that may grow while players play: what is a player's own for ever, and what is deleted after a time. */
const MAY_GROW: Readonly<Record<string, string>> = {
  accounts: "players",
  credentials: "players",
  guest_devices: "players",
  token_families: "expired ones are deleted by identity-service's retention",
  refresh_tokens: "expired ones are deleted by identity-service's retention",
  idempotency_keys: "kept for 24 h",
  outbox: "published events are kept for 7 days",
  matches: "players' histories",
  participants: "players' histories",
  replays: "kept as long as the configuration says",
  replay_files: "kept as long as the configuration says",
  replay_players: "kept as long as the configuration says",
  results: "players' ratings",
  points: "players' ratings",
  heads: "players' ratings",
  modes: "one for each mode that was played",
  lease_clock: "one row",
  ratings: "players' ratings",
  board_changes: "players' ratings",
  board_counts: "players' ratings",
  board_equals: "players' ratings",
  rating_effects: "players' ratings",
  messages: "chat",
  changes: "expired ones are deleted by chat-service's retention",
  channels: "chat",
  members: "chat",
  senders: "idle ones are deleted by chat-service's retention",
  direct_limits: "windows that have ended are deleted by chat-service's retention",
  direct_network_limits: "windows that have ended are deleted by chat-service's retention",
  inbox: "events that were applied are kept for as long as they may come again",
};

/** By `schema.table`. */
export type Rows = ReadonlyMap<string, number>;

export async function countRows(admin: Connection): Promise<Rows> {
  const tables = (await admin.query(
    `select table_schema as db, table_name as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('mysql', 'sys', 'information_schema', 'performance_schema')`,
  )) as { db: string; name: string }[];
  const rows = new Map<string, number>();
  for (const { db, name } of tables) {
    const [row] = (await admin.query(`select count(*) as n from \`${db}\`.\`${name}\``)) as { n: bigint }[];
    rows.set(`${db}.${name}`, Number(row?.n));
  }
  return rows;
}

/** Tables with more rows than before, without a reason. */
export function grownWithoutReason(before: Rows, after: Rows): string[] {
  return [...after].flatMap(([table, rows]) => {
    const grown = rows - (before.get(table) ?? 0);
    const name = table.slice(table.indexOf(".") + 1);
    return grown > 0 && !(name in MAY_GROW) ? [`${table} has ${grown} rows more, and nothing says why that ends`] : [];
  });
}
