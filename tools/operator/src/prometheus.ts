// What has Prometheus watch an installation whose processes are known by address: a local one, or machines of one's own.
import { prometheusConfiguration } from "@muster/local";
import { stringify } from "yaml";
import { type Command, say } from "./command.ts";
import { UsageError } from "./errors.ts";
import { adminUrls } from "./environment.ts";

export const prometheus: Command = {
  takes: "",
  does: "Prints a configuration for Prometheus, with every process as job muster and the alert rules of runbooks/alerts.md.",
  async run(args, env) {
    if (args.length > 0) throw new UsageError("this command takes no arguments");
    const targets = new Map([...adminUrls(env)].map(([process, url]) => [process, new URL(url).host]));
    const configuration = prometheusConfiguration({ targets, every: "15s" });
    say(stringify(configuration, { lineWidth: 0 }).trimEnd());
    return 0;
  },
};
