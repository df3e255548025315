import type { Component } from "@muster/runtime";
import type { Broker } from "./port.ts";

/** Components that are made of a broker, whose library is loaded meanwhile: as one, which makes them when it is started. */
export function onceConnected(
  name: string,
  broker: Promise<Broker>,
  create: (broker: Broker) => readonly Component[],
): Component {
  let started: readonly Component[] = [];
  return {
    name,
    async start() {
      started = create(await broker);
      for (const component of started) await component.start?.();
    },
    async stop() {
      for (const component of started.toReversed()) await component.stop?.();
    },
  };
}
