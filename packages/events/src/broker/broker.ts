import type { Logger } from "@muster/log";
import type { Broker, BrokerOptions } from "./port.ts";

/** The libraries that there is an adapter for. */
export const BROKER_CLIENTS = ["kafkajs", "platformatic"] as const;
export type BrokerClient = (typeof BROKER_CLIENTS)[number];

/** Loads the library that is chosen, and not the other: each costs memory in every process. */
export async function createBroker(
  options: BrokerOptions & { readonly client: BrokerClient },
  log: Logger,
): Promise<Broker> {
  switch (options.client) {
    case "kafkajs":
      return (await import("./kafkajs.ts")).createKafkaJsBroker(options, log);
    case "platformatic":
      return (await import("./platformatic.ts")).createPlatformaticBroker(options, log);
    default:
      return options.client satisfies never;
  }
}
