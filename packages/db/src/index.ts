export { type Cursor, type CursorList, cursorTime, decodeCursor, encodeCursor, isBelowCursor } from "./cursor.ts";
export {
  type Database,
  createDatabase,
  type DatabaseOptions,
  dbConfig,
  type DbPart,
  parseDbUrl,
  poolFigures,
} from "./database.ts";
export {
  DatabaseUnavailableError,
  faultOfDatabase,
  reasonOf,
  isDeadlock,
  isDuplicateKey,
  isTransient,
} from "./errors.ts";
export { migrate, type Migration, type Migrations, missingMigrations, statement, waitForSchema } from "./migrations.ts";
export { inTransaction, type TransactionOptions } from "./transaction.ts";
export { migrateAndEnd } from "./migrate-process.ts";
export { prepared } from "./prepared.ts";
export { Tail, type TailOptions, type TailRow } from "./tail.ts";
