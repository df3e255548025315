import { runMigrations } from "@muster/service/database";
import { configuration } from "./config.ts";
import { migrations } from "./migrations/index.ts";

await runMigrations("replay-service", configuration, migrations);
