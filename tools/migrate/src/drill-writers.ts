// v1.5 as it goes on: players register, log in and out, play, chat, edit and delete, as fast as two connections write.
import { randomBytes, randomUUID } from "node:crypto";
import type { Pool } from "mariadb";
import { LEGACY_PHC } from "../v1.5/generate.ts";
import { pool } from "./connect.ts";

export interface Writers {
  count(): number;
  stop(): Promise<{ written: number; refused: number }>;
}

const WORKERS = 2;
/** A little rest after each write: the machine is for the copy too. */
const PAUSE_MS = 2;
/** No right to write (1142), or the connection was ended under us. */
const REFUSED = new Set([1044, 1142]);

export async function startWriters(appUrl: string, seed: number): Promise<Writers> {
  const db = pool(appUrl, WORKERS);
  let written = 0;
  let refused = 0;
  let stopping = false;
  let state = seed >>> 0 || 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const work = async (): Promise<void> => {
    while (!stopping) {
      try {
        await writeSomething(db, random);
        written++;
      } catch (err) {
        if (REFUSED.has((err as { errno: number }).errno)) refused++;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const workers = Array.from({ length: WORKERS }, work);
  return {
    count: () => written,
    async stop() {
      const deadline = performance.now() + 10_000;
      while (refused < 5 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
      stopping = true;
      await Promise.all(workers);
      await db.end();
      return { written, refused };
    },
  };
}

async function writeSomething(db: Pool, random: (below: number) => number): Promise<void> {
  const anyone = `(select id from users where id >= ${1 + random(1000)} limit 1)`;
  switch (random(8)) {
    case 0: {
      const name = `new${randomBytes(5).toString("hex")}`;
      await db.query("insert into users (public_id, username, password_hash) values (?, ?, ?)", [
        randomUUID(),
        name,
        LEGACY_PHC,
      ]);
      return;
    }
    case 1:
      await db.query("update users set banned = 1 - banned where id = ?", [1 + random(1000)]);
      return;
    case 2:
      await db.query(
        `insert into sessions (token_hash, user_id, expires_at) values (?, ${anyone}, utc_timestamp(6) + interval 30 day)`,
        [randomBytes(32)],
      );
      return;
    case 3:
      await db.query("update sessions set revoked = 1 where id = ?", [1 + random(1000)]);
      return;
    case 4:
      return writeMatch(db, random);
    case 5:
      await db.query("update messages set body = ?, edited_at = utc_timestamp(6) where id = ?", [
        `edited ${random(1e6)}`,
        1 + random(5000),
      ]);
      return;
    case 6:
      await db.query("update messages set deleted = 1 where id = ?", [1 + random(5000)]);
      return;
    default:
      await db.query(`insert into messages (room, user_id, body) values ('global', ${anyone}, ?)`, [
        `live ${random(1e6)} 🎮`,
      ]);
  }
}

/** One transaction, as v1.5 has it: the match, its players, their ratings; some end later. */
async function writeMatch(db: Pool, random: (below: number) => number): Promise<void> {
  const connection = await db.getConnection();
  try {
    await connection.beginTransaction();
    const { insertId } = (await connection.query(
      "insert into matches (public_id, mode, status, started_at, finished_at) values (?, 'duel', 'finished', utc_timestamp(6), utc_timestamp(6))",
      [randomUUID()],
    )) as { insertId: number };
    const [a, b] = [1 + random(500), 501 + random(400)];
    for (const [seat, user] of [a, b].entries()) {
      await connection.query(
        "insert into match_players (match_id, seat, user_id, score, place) values (?, ?, ?, ?, ?)",
        [insertId, seat, user, random(5), seat + 1],
      );
      await connection.query(
        "insert into ratings (user_id, mode, rating, games) values (?, 'duel', 1200, 1) on duplicate key update rating = rating + ?, games = games + 1",
        [user, seat === 0 ? 8 : -8],
      );
    }
    await connection.commit();
  } catch (err) {
    await connection.rollback().catch(() => undefined); // the connection may be the one that was ended
    throw err;
  } finally {
    await connection.release();
  }
}
