// Times by the database's clock: what is due, and until when a lease holds, is the same for all instances.
import { type RawBuilder, sql } from "kysely";

export const now: RawBuilder<Date> = sql<Date>`utc_timestamp(6)`;

export function inMs(ms: number): RawBuilder<Date> {
  return sql<Date>`utc_timestamp(6) + interval ${ms * 1000} microsecond`;
}
