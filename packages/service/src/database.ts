// Everything for a process with a database, so that such a service needs only this import.
export * from "./index.ts";
export { databaseConfig, type DatabaseConfig, type DatabaseServiceConfig } from "./database-fields.ts";
export {
  type DatabaseApp,
  type DatabaseComposition,
  type DatabaseContext,
  type DatabaseService,
  defineDatabaseService,
} from "./database-service.ts";
export { runMigrations } from "./run-migrations.ts";
export type { RetentionRule } from "./retention.ts";
export {
  type Command,
  type CommandParts,
  type OperatorCommands,
  type Output,
  runOperatorCommand,
  UsageError,
} from "./operator.ts";
