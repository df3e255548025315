// The steps of a cut-over, each safe to repeat, each refusing to run out of order:
//   copy (while v1.5 writes) → freeze → finish (last pass, verification) → cut over … → roll back, if need be
import type { Connection, Pool } from "mariadb";
import { connect, copyPool, databaseOf } from "./connect.ts";
import { type Member, messagesCopy } from "./messages.ts";
import { Progress, type State } from "./progress.ts";
import { carryBack, type CarriedBack } from "./rollback.ts";
import { copyBulk, copyChanges, type CopyOptions, type TableCopy } from "./table-copy.ts";
import { allCopies } from "./tables.ts";
import { type Sides, type Verification, verify } from "./verify.ts";

export interface MigrationUrls {
  /** v1.5's schema, by a user who may also create tables in it and, for freeze, grant and kill. */
  readonly legacy: string;
  readonly identity: string;
  readonly match: string;
  readonly chat: string;
}

export interface MigrationOptions {
  readonly urls: MigrationUrls;
  readonly batchRows: number;
  readonly report: (table: string, rows: number, state: string) => void;
}

/** A step that may not run now. The message says what to do. */
export class WrongPhaseError extends Error {
  override readonly name = "WrongPhaseError";
}

/** A pass that is over this soon has caught up: the last one, when v1.5 is frozen, will take as long. */
const CAUGHT_UP_S = 5;
const PASSES_MAX = 50;

export class Migration implements AsyncDisposable {
  readonly #options: MigrationOptions;
  readonly #legacy: Connection;
  readonly #pools: { identity: Pool; match: Pool; chat: Pool };
  readonly progress: Progress;

  private constructor(options: MigrationOptions, legacy: Connection, progress: Progress) {
    this.#options = options;
    this.#legacy = legacy;
    this.progress = progress;
    const { identity, match, chat } = options.urls;
    this.#pools = { identity: copyPool(identity, 3), match: copyPool(match, 3), chat: copyPool(chat, 3) };
  }

  static async open(options: MigrationOptions): Promise<Migration> {
    const legacy = await connect(options.urls.legacy);
    return new Migration(options, legacy, await Progress.open(legacy));
  }

  /** Everything there is, then what changes meanwhile, until there is little of that. v1.5 goes on. */
  async copy(): Promise<void> {
    await this.#demand(["copying"], "the migration is past copying");
    await this.#eachLane(copyBulk);
    for (let pass = 0; pass < PASSES_MAX; pass++) if ((await this.#followOnce()) < CAUGHT_UP_S) return;
    throw new Error(`v1.5 writes faster than it can be followed: ${PASSES_MAX} passes and no end`);
  }

  /**
   * No more writes to v1.5: its database users lose the right to, and their connections are ended, because an open one
   * would keep it. Reading goes on.
   */
  async freeze(appUsers: readonly string[]): Promise<void> {
    await this.#demand(["copying", "frozen"], "freeze comes after copying");
    const database = databaseOf(this.#options.urls.legacy).replaceAll("_", "\\_");
    for (const user of appUsers) {
      await this.#legacy
        .query(`revoke insert, update, delete on \`${database}\`.* from ?@'%'`, [user])
        .catch(ignoreNoGrant);
      await this.#legacy.query("kill user ?", [user]).catch(ignoreNoGrant);
    }
    await this.progress.setState({ ...(await this.progress.state()), phase: "frozen" });
  }

  /** The last pass and the verification. @returns the tables; all of them `same` when it may be cut over. */
  async finish(): Promise<readonly Verification[]> {
    await this.#demand(["frozen", "verified"], "freeze first: v1.5 may still be writing");
    await this.#eachLane(copyBulk);
    await this.#followOnce();
    // v1.5 kept no marks: nothing is unread because of the move.
    await this.#pools.chat.query(
      "update members m join channels c on c.id = m.channel_id set m.last_read_seq = c.last_seq, m.joined_change = 0 where m.last_read_seq < c.last_seq",
    );
    const tables = await this.verify();
    const phase = tables.every(({ same }) => same) ? "verified" : "frozen";
    await this.progress.setState({ ...(await this.progress.state()), phase });
    return tables;
  }

  async verify(): Promise<readonly Verification[]> {
    const { identity, match, chat } = this.#options.urls;
    const sides: Sides = {
      legacy: this.#legacy,
      identity: await connect(identity),
      match: await connect(match),
      chat: await connect(chat),
    };
    try {
      return await verify(sides);
    } finally {
      for (const side of [sides.identity, sides.match, sides.chat]) await side.end();
    }
  }

  /** From now on v2.0 is written to: set EDGE_LEGACY_DOMAINS to [] after this. */
  async cutOver(): Promise<void> {
    await this.#demand(["verified", "cut_over"], "finish first, with every table the same");
    const state = await this.progress.state();
    if (state.phase === "cut_over") return;
    await this.progress.setState({ phase: "cut_over", cutOverAt: await this.progress.now() });
  }

  /** Carries back what was written after the cut-over and lets v1.5 write again. */
  async rollback(appUsers: readonly string[]): Promise<CarriedBack> {
    await this.#demand(["frozen", "verified", "cut_over", "rolled_back"], "there is nothing to roll back");
    const state = await this.progress.state();
    const carried = state.cutOverAt
      ? await carryBack(this.#legacy, this.#pools, state.cutOverAt, this.#options.batchRows)
      : { rows: {}, leftBehind: {} };
    const database = databaseOf(this.#options.urls.legacy).replaceAll("_", "\\_");
    for (const user of appUsers)
      await this.#legacy.query(`grant select, insert, update on \`${database}\`.* to ?@'%'`, [user]);
    await this.progress.setState({ ...state, phase: "rolled_back" });
    return carried;
  }

  async status(): Promise<State> {
    return this.progress.state();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#legacy.end();
    for (const one of Object.values(this.#pools)) await one.end();
  }

  /** Lanes run side by side, each over its own connection to v1.5; within a lane one table comes after the other. */
  async #eachLane(work: (copy: TableCopy, options: CopyOptions) => Promise<unknown>): Promise<unknown[]> {
    const lanes = await this.#lanes();
    const results = await Promise.all(
      lanes.map(async (lane) => {
        const legacy = await connect(this.#options.urls.legacy);
        try {
          const progress = await Progress.open(legacy);
          const { batchRows, report } = this.#options;
          const all: unknown[] = [];
          for (const copy of lane) all.push(await work(copy, { legacy, progress, batchRows, report }));
          return all;
        } finally {
          await legacy.end();
        }
      }),
    );
    return results.flat();
  }

  /** @returns how long it took, seconds */
  async #followOnce(): Promise<number> {
    const at = performance.now();
    await this.#eachLane(copyChanges);
    return (performance.now() - at) / 1000;
  }

  #lanes(): Promise<readonly (readonly TableCopy[])[]> {
    const { identity, match, chat } = this.#pools;
    return allCopies(
      identity,
      match,
      messagesCopy(chat, (rooms) => this.#membersOf(rooms)),
    );
  }

  /** Who is in a room: the two of a dm, the players of a match. */
  async #membersOf(rooms: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>> {
    const matches = rooms.filter((room) => room.startsWith("match:")).map((room) => room.slice("match:".length));
    const users = rooms.filter((room) => room.startsWith("dm:")).flatMap((room) => room.split(":").slice(1));
    const members = new Map<string, Member[]>();
    if (matches.length > 0) {
      const rows = (await this.#legacy.query(
        `select cast(m.public_id as char) room, cast(u.public_id as char) id, u.username name from matches m
         join match_players p on p.match_id = m.id join users u on u.id = p.user_id where m.public_id in (?)`,
        [matches],
      )) as { room: string; id: string; name: string }[];
      for (const { room, id, name } of rows) {
        const key = `match:${room}`;
        members.set(key, [...(members.get(key) ?? []), { playerId: id, name }]);
      }
    }
    if (users.length > 0) {
      const rows = (await this.#legacy.query(
        "select cast(public_id as char) id, username name from users where public_id in (?)",
        [users],
      )) as { id: string; name: string }[];
      const names = new Map(rows.map(({ id, name }) => [id, name]));
      for (const room of rooms.filter((one) => one.startsWith("dm:"))) {
        const ids = room.split(":").slice(1);
        members.set(
          room,
          ids.map((id) => ({ playerId: id, name: names.get(id) ?? "" })),
        );
      }
    }
    return members;
  }

  async #demand(phases: readonly State["phase"][], otherwise: string): Promise<void> {
    const { phase } = await this.progress.state();
    if (!phases.includes(phase)) throw new WrongPhaseError(`${otherwise} (it is ${phase})`);
  }
}

/** 1141, 1147: the right is not there to be taken; 1094, 1095, 1927: nobody of that name is connected. */
function ignoreNoGrant(err: unknown): void {
  if (![1094, 1095, 1141, 1147, 1927].includes((err as { errno: number }).errno)) throw err;
}
