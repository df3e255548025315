// What an outbox needs of its service: its relay, where a broker is configured, and what the service's health says of it.
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { onceConnected } from "../broker/once-connected.ts";
import type { Broker, OutgoingRecord } from "../broker/port.ts";
import { createRelayMetrics } from "./metrics.ts";
import { createRelay, type OutboxRow } from "./relay.ts";
import type { OutboxTables } from "./table.ts";

export interface PublishingOptions<Tables extends OutboxTables> {
  readonly db: Database<Tables>;
  /** Undefined where none is configured: the outbox is kept, and nothing is published. */
  readonly broker: Promise<Broker> | undefined;
  readonly encode: (row: OutboxRow) => OutgoingRecord;
  /** See RelayOptions. */
  readonly owner: string;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface Publishing {
  readonly components: readonly Component[];
  readonly waitsFor: { readonly kafka: () => Promise<string | undefined> };
}

/** How long an answer of the broker counts: health is asked for by many, and often. */
const PROBE_EVERY_MS = 5000;

export function publishOutbox<Tables extends OutboxTables>(options: PublishingOptions<Tables>): Publishing {
  const { db, broker, encode, owner, metrics, log } = options;
  const relayMetrics = createRelayMetrics(metrics, db);
  if (!broker) {
    const waitsFor = { kafka: async () => "no broker is configured: events wait in the outbox" };
    return { components: [], waitsFor };
  }
  const relay = onceConnected("outbox relay", broker, (connected) => {
    const producer = connected.producer();
    return [producer, createRelay({ db, producer, encode, owner, metrics: relayMetrics, log })];
  });
  return { components: [relay], waitsFor: { kafka: remembered(async () => (await broker).probe()) } };
}

function remembered(probe: () => Promise<string | undefined>): () => Promise<string | undefined> {
  let last: Promise<string | undefined> | undefined;
  let at = -Infinity;
  return () => {
    const now = performance.now();
    if (!last || now - at > PROBE_EVERY_MS) [last, at] = [probe(), now];
    return last;
  };
}
