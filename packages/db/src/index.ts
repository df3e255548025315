export { type Database, createDatabase, type DatabaseOptions, dbConfig, type DbPart, parseDbUrl } from "./database.ts";
export { DatabaseUnavailableError, faultOfDatabase, isDeadlock, isDuplicateKey, isTransient } from "./errors.ts";
export { migrate, type Migration, type Migrations, missingMigrations, statement, waitForSchema } from "./migrations.ts";
export { inTransaction } from "./transaction.ts";
export { migrateAndEnd } from "./migrate-process.ts";
export { reusable } from "./reusable.ts";
export { isTimeText } from "./times.ts";
