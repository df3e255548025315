import { configOrExit } from "@muster/config";
import { runMigrations } from "@muster/service/database";
import { chatSealer } from "./audit.ts";
import { configuration, readAuditKey } from "./config.ts";
import { migrationsWith } from "./migrations/index.ts";

// Before anything is changed: half of the migrations done for want of a key would help nobody.
const sealer = chatSealer(configOrExit("chat-service migrate", () => readAuditKey(process.env)));
await runMigrations("chat-service", configuration, migrationsWith(sealer));
