import type { DisconnectName, RealtimeErrorCode } from "@muster/realtime";
import { collectedCounter, collectedGauge, type Metrics } from "@muster/runtime";
import type { ControlKind } from "./connection/control-limits.ts";
import { Counter, Histogram } from "prom-client";
import type { RatingSource } from "./matchmaking/ratings.ts";
import type { FanoutMetrics } from "./matches/fanout.ts";
import type { SocketEnd } from "./connection/socket-ends.ts";

/** Why there is no room for a socket. */
export type AdmissionRefusal = "stopping" | "full" | "address full" | "unauthenticated" | "address";

export interface MatchMetrics extends FanoutMetrics {
  /** A seat is in play again after its match moved, this long after its shard was lost. */
  moved(ms: number): void;
  /** A match that could not be moved. */
  lost(): void;
}

export interface GatewayMetrics extends MatchMetrics {
  control(kind: string | undefined): void;
  /** A control message above its limit: not decoded, not acted on. */
  limited(kind: ControlKind | undefined): void;
  /** A socket ended that the gateway had not closed. */
  ended(how: SocketEnd): void;
  /** From a ping among the snapshots to its pong. */
  roundTrip(ms: number): void;
  stale(): void;
  upgradeRefused(why: AdmissionRefusal): void;
  /** An input above the limits was left out for a newer one. */
  inputMerged(): void;
  /** A ticket got its rating from here. */
  rating(source: RatingSource): void;
  closed(name: DisconnectName): void;
  refused(code: RealtimeErrorCode): void;
}

export interface GatewayGauges {
  readonly connections: () => number;
  readonly authenticated: () => number;
  readonly unauthenticated: () => number;
  readonly links: () => number;
  readonly unlinked: () => number;
  readonly logs: () => number;
  readonly spectators: () => number;
  readonly bufferedBytes: () => number;
  readonly staleSockets: () => number;
  readonly revocationFeedAgeS: () => number;
  readonly controlWaiting: () => number;
}

export function createGatewayMetrics(registry: Metrics, gauges: GatewayGauges): GatewayMetrics {
  const registers = [registry];
  const control = new Counter({
    name: "gateway_control_messages_total",
    help: "Control messages from clients",
    labelNames: ["kind"],
    registers,
  });
  const limited = new Counter({
    name: "gateway_control_limited_total",
    help: "Control messages above the limit of their kind: refused, not decoded",
    labelNames: ["kind"],
    registers,
  });
  const ratings = new Counter({
    name: "gateway_ratings_total",
    help: "Ratings used for tickets, by source: read from rating-service, or, if it did not answer in time, the last known one or that of a new player",
    labelNames: ["source"],
    registers,
  });
  const upgradeRefused = new Counter({
    name: "gateway_upgrades_refused_total",
    help: "Refused upgrades: the gateway is stopping or full, one address has too many sockets, or too many open sockets have not authenticated yet, in total or from one address",
    labelNames: ["why"],
    registers,
  });
  const merged = new Counter({
    name: "gateway_inputs_merged_total",
    help: "Inputs above a socket's limits that were left out for a newer one",
    registers,
  });
  const ended = new Counter({
    name: "gateway_sockets_ended_total",
    help: "Sockets that ended without the gateway closing them: the client sent a close frame, disconnected without one, reset the connection or was silent for too long, or sent an invalid or oversized WebSocket frame",
    labelNames: ["how"],
    registers,
  });
  const roundTrip = new Histogram({
    name: "gateway_round_trip_seconds",
    help: "Time from a ping in the stream of snapshots to its pong: how far behind a client is",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  const stale = new Counter({
    name: "gateway_stale_total",
    help: "How often a client had not read what was sent for GATEWAY_STALE_MS; it gets no snapshots until it has",
    registers,
  });
  const closed = new Counter({
    name: "gateway_disconnects_total",
    help: "Sockets closed by the gateway",
    labelNames: ["reason"],
    registers,
  });
  const refused = new Counter({
    name: "gateway_refusals_total",
    help: "Error messages sent to clients",
    labelNames: ["code"],
    registers,
  });
  // The hot path adds to plain numbers; they are read when someone asks.
  const hot = { sentFrames: 0, sentBytes: 0, skipped: 0, caughtUp: 0 };
  const gauge = (name: string, help: string, value: () => number): void => collectedGauge(registry, name, help, value);
  const counter = (name: string, help: string, value: () => number): void =>
    collectedCounter(registry, name, help, value);
  gauge("gateway_connections", "Open sockets", gauges.connections);
  gauge("gateway_players", "Authenticated players", gauges.authenticated);
  gauge("gateway_unauthenticated_sockets", "Open sockets that have not authenticated yet", gauges.unauthenticated);
  gauge("gateway_links", "Links to shards", gauges.links);
  gauge(
    "gateway_shards_unlinked",
    "Live shards to which this gateway has no working link; its players get no matches there",
    gauges.unlinked,
  );
  gauge("gateway_match_logs", "Matches whose input log this gateway has a copy of", gauges.logs);
  gauge("gateway_buffered_bytes", "Bytes that wait for sockets whose clients do not read", gauges.bufferedBytes);
  gauge("gateway_spectators", "Sockets that watch a match", gauges.spectators);
  gauge(
    "gateway_revocation_feed_age_seconds",
    "Time since identity-service last answered what has been revoked",
    gauges.revocationFeedAgeS,
  );
  gauge(
    "gateway_control_waiting",
    "Control messages that wait for a later turn of the event loop",
    gauges.controlWaiting,
  );
  gauge(
    "gateway_stale_sockets",
    "Sockets whose client has not read what was sent for GATEWAY_STALE_MS",
    gauges.staleSockets,
  );
  counter("gateway_snapshots_sent_total", "Deltas sent", () => hot.sentFrames);
  counter("gateway_snapshot_bytes_total", "Bytes of deltas sent, without WebSocket headers", () => hot.sentBytes);
  counter(
    "gateway_snapshots_skipped_total",
    "Deltas that were not sent because a socket was behind",
    () => hot.skipped,
  );
  counter("gateway_catch_ups_total", "Keyframes sent to sockets that were new or behind", () => hot.caughtUp);
  const moved = new Histogram({
    name: "gateway_seat_pause_seconds",
    help: "Time from the loss of a shard until a player has the seat back on another shard",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers,
  });
  const lost = new Counter({ name: "gateway_matches_lost_total", help: "Matches that no shard took over", registers });
  return {
    moved: (ms) => moved.observe(ms / 1000),
    lost: () => lost.inc(),
    control: (kind) => control.inc({ kind: kind ?? "unknown" }),
    limited: (kind) => limited.inc({ kind: kind ?? "unknown" }),
    ended: (how) => ended.inc({ how }),
    roundTrip: (ms) => roundTrip.observe(ms / 1000),
    stale: () => stale.inc(),
    rating: (source) => ratings.inc({ source }),
    upgradeRefused: (why) => upgradeRefused.inc({ why }),
    inputMerged: () => merged.inc(),
    closed: (reason) => closed.inc({ reason }),
    refused: (code) => refused.inc({ code }),
    sent(frames, bytes) {
      hot.sentFrames += frames;
      hot.sentBytes += bytes;
    },
    skipped() {
      hot.skipped++;
    },
    caughtUp() {
      hot.caughtUp++;
    },
  };
}
