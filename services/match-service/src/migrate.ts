import { runMigrations } from "@muster/service/database";
import { configuration } from "./config.ts";
import { migrations } from "./migrations/index.ts";

await runMigrations("match-service", configuration, migrations);
