import type { Database } from "@muster/db";
import type { Transaction } from "kysely";
import type { Tables } from "../schema.ts";

export type Tx = Transaction<Tables>;
export type Db = Database<Tables> | Tx;
