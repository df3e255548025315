import { type Migrations, statement } from "@muster/db";
import { sql } from "kysely";

/** One statement each, safe to run again; listed by hand, so that the order is what a reader sees. */
export const migrations: Migrations = {
  "20261127T1937-create-entries": statement(sql`
    create table if not exists entries (
      id uuid not null primary key,
      text varchar(256) not null,
      written_at datetime(6) not null
    ) engine = InnoDB`),
};
