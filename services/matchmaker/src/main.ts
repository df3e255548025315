import { listeningVariables, unknownVariables } from "@muster/config";
import { createLogger } from "@muster/log";
import { runProcess } from "@muster/service";
import { createApp } from "./app.ts";
import { type Config, fields, readConfig } from "./config.ts";

let config: Config;
await runProcess({
  name: "matchmaker",
  config: () => {
    config = readConfig(process.env);
    return {
      log: createLogger("matchmaker", config.logLevel),
      stopWithinMs: config.matchmakerStopWithinMs,
      unknownVariables: unknownVariables(fields, process.env),
      listening: listeningVariables(fields, config),
    };
  },
  app: () => createApp(config),
});
