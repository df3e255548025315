import { createLogger } from "@muster/log";
import { runProcess } from "@muster/runtime";
import { createApp } from "./app.ts";
import { type Config, readConfig } from "./config.ts";

let config: Config;
await runProcess({
  name: "matchmaker",
  config: () => {
    config = readConfig(process.env);
    return { log: createLogger("matchmaker", config.logLevel), stopWithinMs: config.matchmakerStopWithinMs };
  },
  app: () => createApp(config),
});
