import { listeningVariables, unknownVariables } from "@muster/config";
import { createLogger } from "@muster/log";
import { runProcess } from "@muster/service";
import { createApp } from "./app.ts";
import { type Config, fields, readConfig } from "./config.ts";

let config: Config;
await runProcess({
  name: "edge-api",
  config: () => {
    config = readConfig(process.env);
    return {
      log: createLogger("edge-api", config.logLevel),
      stopWithinMs: config.edgeStopWithinMs,
      unknownVariables: unknownVariables(fields, process.env),
      listening: listeningVariables(fields, config),
    };
  },
  app: () => createApp(config),
});
