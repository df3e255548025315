// Where the migration is, in the old database, which is its home: the phase, and per table how far it has come. A
// batch is written before its progress is, and writing it again changes nothing: a kill at any point costs one batch.
import type { Connection } from "mariadb";

export type Phase = "copying" | "frozen" | "verified" | "cut_over" | "rolled_back";

export interface TableProgress {
  /** The first walk over the whole table: rows up to this id are there. */
  readonly bulkId: number;
  readonly bulkDone: boolean;
  /** Changes up to this time, on the old database's clock, are there. */
  readonly changedUntil: string;
  readonly rows: number;
}

export interface State {
  readonly phase: Phase;
  readonly cutOverAt: string | null;
}

const START: TableProgress = { bulkId: 0, bulkDone: false, changedUntil: "", rows: 0 };

export class Progress {
  readonly #legacy: Connection;

  private constructor(legacy: Connection) {
    this.#legacy = legacy;
  }

  static async open(legacy: Connection): Promise<Progress> {
    await legacy.query(`create table if not exists muster_migration (
      name varchar(64) character set ascii collate ascii_bin not null primary key,
      value text not null) engine = InnoDB`);
    return new Progress(legacy);
  }

  async state(): Promise<State> {
    return (await this.#read<State>("state")) ?? { phase: "copying", cutOverAt: null };
  }

  async setState(state: State): Promise<void> {
    await this.#write("state", state);
  }

  async table(name: string): Promise<TableProgress> {
    return (await this.#read<TableProgress>(`table ${name}`)) ?? START;
  }

  async setTable(name: string, progress: TableProgress): Promise<void> {
    await this.#write(`table ${name}`, progress);
  }

  /** The old database's clock: UTC with microseconds, as it writes updated_at. */
  async now(): Promise<string> {
    const [row] = (await this.#legacy.query("select cast(utc_timestamp(6) as char) t")) as { t: string }[];
    return row?.t ?? "";
  }

  async #read<T>(name: string): Promise<T | undefined> {
    const [row] = (await this.#legacy.query("select value from muster_migration where name = ?", [name])) as {
      value: string;
    }[];
    return row ? (JSON.parse(row.value) as T) : undefined;
  }

  async #write(name: string, value: unknown): Promise<void> {
    await this.#legacy.query("replace into muster_migration values (?, ?)", [name, JSON.stringify(value)]);
  }
}
