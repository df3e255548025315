// What has Prometheus watch an installation whose processes are known by address: a local one, or machines of one's own.
import path from "node:path";
import { paths } from "@muster/local";
import { stringify } from "yaml";
import { type Command, say } from "./command.ts";
import { UsageError } from "./errors.ts";
import { adminUrls } from "./environment.ts";

export const prometheus: Command = {
  takes: "",
  does: "Prints a configuration for Prometheus, with every process as job muster and the alert rules of runbooks/alerts.md.",
  async run(args, env) {
    if (args.length > 0) throw new UsageError("this command takes no arguments");
    const configuration = {
      global: { scrape_interval: "15s" },
      rule_files: [path.join(paths.root, "infra/prometheus/rules.yml")],
      scrape_configs: [
        {
          job_name: "muster",
          static_configs: [...adminUrls(env)].map(([process, url]) => ({
            targets: [new URL(url).host],
            labels: { process },
          })),
        },
      ],
    };
    say(stringify(configuration, { lineWidth: 0 }).trimEnd());
    return 0;
  },
};
