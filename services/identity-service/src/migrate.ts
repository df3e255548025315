import { configOrExit } from "@muster/config";
import { runMigrations } from "@muster/service/database";
import { identitySealer } from "./audit.ts";
import { configuration, readAuditKey } from "./config.ts";
import { migrationsWith } from "./migrations/index.ts";

// Before anything is changed: half of the migrations done for want of a key would help nobody.
const sealer = identitySealer(configOrExit("identity-service migrate", () => readAuditKey(process.env)));
await runMigrations("identity-service", configuration, migrationsWith(sealer));
