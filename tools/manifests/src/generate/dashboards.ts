// Grafana's dashboards: what is on them. scripts/infra-files.ts --write makes a file of each, which Grafana imports as it is.

export interface Panel {
  readonly title: string;
  /** Grafana's name. */
  readonly unit: "short" | "s" | "ops" | "bytes" | "percentunit";
  /** By legend: `{{label}}` stands for a label's value. */
  readonly queries: Readonly<Record<string, string>>;
}

export interface Dashboard {
  /** Of the file, and in Grafana's addresses. */
  readonly name: string;
  readonly title: string;
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

const graph = (title: string, unit: Panel["unit"], queries: Panel["queries"]): Panel => ({ title, unit, queries });

/** Per second, over what Grafana thinks is right for the time that is shown. */
const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}[$__rate_interval]))`;

function quantiles(histogram: string, by: readonly string[] = []): Panel["queries"] {
  const legend = by.map((label) => `{{${label}}} `).join("");
  const of = (share: number): string =>
    `histogram_quantile(${share}, ${rate(`${histogram}_bucket`, ["le", ...by].join(", "))})`;
  return { [`${legend}p50`]: of(0.5), [`${legend}p99`]: of(0.99) };
}

export const DASHBOARDS: readonly Dashboard[] = [
  {
    name: "system",
    title: "Muster: system overview",
    rows: {
      Processes: [
        graph("processes that answer", "short", { "{{process}}{{pod}}": 'up{job="muster"}' }),
        graph("alerts that fire", "short", { alerts: 'count(ALERTS{alertstate="firing"}) or vector(0)' }),
        graph("CPU", "percentunit", { "{{service}}": rate('process_cpu_seconds_total{job="muster"}', "service") }),
        graph("resident memory", "bytes", {
          "{{service}}": 'sum by (service) (process_resident_memory_bytes{job="muster"})',
        }),
        graph("event loop lag, p99", "s", {
          "{{service}}": 'max by (service) (nodejs_eventloop_lag_p99_seconds{job="muster"})',
        }),
        graph("peers out of reach", "short", { "{{service}} {{peer}}": "sum by (service, peer) (peer_missing)" }),
      ],
      Requests: [
        graph("REST requests by status", "ops", { "{{status}}": rate("http_server_duration_seconds_count", "status") }),
        graph("REST duration", "s", quantiles("http_server_duration_seconds")),
        graph("RPCs", "ops", { "{{service}}": rate("rpc_server_duration_seconds_count", "service") }),
        graph("RPC duration", "s", quantiles("rpc_server_duration_seconds", ["service"])),
      ],
    },
  },
  {
    name: "events",
    title: "Muster: events",
    rows: {
      Outbox: [
        graph("oldest unpublished event", "s", {
          "{{service}}": "max by (service) (outbox_oldest_unpublished_seconds)",
        }),
        graph("unpublished events", "short", { "{{service}}": "max by (service) (outbox_unpublished)" }),
        graph("published", "ops", { "{{service}} {{result}}": rate("relay_publish_total", "service, result") }),
        graph("slots with a relay, of 64", "short", { "{{service}}": "sum by (service) (relay_slots)" }),
      ],
      Consumers: [
        graph("lag", "s", { "{{consumer}}": "max by (consumer) (consumer_lag_seconds)" }),
        graph("lag in records", "short", { "{{consumer}}": "sum by (consumer) (consumer_lag_records)" }),
        graph("events by result", "ops", {
          "{{consumer}} {{result}}": rate("consumer_events_total", "consumer, result"),
        }),
        graph("failures by class", "ops", {
          "{{consumer}} {{class}}": `${rate("consumer_failures_total", "consumer, class")} or vector(0)`,
        }),
        graph("retries by tier", "ops", {
          "{{consumer}} {{tier}}": `${rate("retry_total", "consumer, tier")} or vector(0)`,
        }),
        graph("duplicates", "ops", {
          "{{consumer}}": `${rate("inbox_duplicates_total", "consumer")} or vector(0)`,
        }),
        graph("partitions", "short", { "{{consumer}}": "sum by (consumer) (consumer_partitions)" }),
        graph("partitions that rest", "short", { "{{consumer}}": "sum by (consumer) (consumer_paused)" }),
      ],
      "Dead letters": [
        graph("open letters", "short", { "{{consumer}}": "max by (consumer) (dlq_depth)" }),
        graph("oldest open letter", "s", { "{{consumer}}": "max by (consumer) (dlq_oldest_seconds)" }),
        graph("parked keys", "short", {
          "{{consumer}} {{state}}": "max by (consumer, state) (parked_keys) or vector(0)",
        }),
      ],
    },
  },
  {
    name: "matches",
    title: "Muster: matches and realtime",
    rows: {
      Matches: [
        graph("matches", "short", { "{{instance}}": "sum by (instance) (shard_matches)" }),
        graph("matches that ended", "ops", { "{{outcome}}": rate("shard_matches_over_total", "outcome") }),
        graph("results on their way", "short", { "{{instance}}": "sum by (instance) (shard_results_pending)" }),
        graph("ticks: start after the deadline", "s", quantiles("shard_tick_late_seconds")),
        graph("ticks skipped", "ops", { "{{instance}}": rate("shard_ticks_skipped_total", "instance") }),
        graph("inputs", "ops", { accepted: "sum(rate(shard_inputs_accepted_total[$__rate_interval]))" }),
      ],
      Queue: [
        graph("waiting tickets", "short", { tickets: "sum(matchmaker_waiting_tickets)" }),
        graph("wait for a match", "s", quantiles("matchmaker_wait_seconds")),
        graph("chance of the stronger player, median", "percentunit", {
          chance: `histogram_quantile(0.5, ${rate("matchmaker_favourite_win_chance_bucket", "le")})`,
        }),
        graph("sessions", "short", { "{{peer}}": "sum by (peer) (matchmaker_sessions)" }),
      ],
      Sockets: [
        graph("players", "short", {
          players: "sum(gateway_players)",
          spectators: "sum(gateway_spectators)",
          stale: "sum(gateway_stale_sockets)",
        }),
        graph("round trip", "s", quantiles("gateway_round_trip_seconds")),
        graph("deltas", "ops", {
          sent: "sum(rate(gateway_snapshots_sent_total[$__rate_interval]))",
          skipped: "sum(rate(gateway_snapshots_skipped_total[$__rate_interval]))",
        }),
        graph("bytes of deltas", "bytes", { sent: "sum(rate(gateway_snapshot_bytes_total[$__rate_interval]))" }),
      ],
    },
  },
  {
    name: "ratings",
    title: "Muster: ratings and replays",
    rows: {
      Ratings: [
        graph("results", "ops", { "{{result}}": rate("rating_results_total", "result") }),
        graph("from the end of a match to its rating", "s", {
          "in the outbox": 'max(outbox_oldest_unpublished_seconds{service="match-service"})',
          "in Kafka": 'max(consumer_lag_seconds{consumer="rating-service"})',
        }),
        graph("waiting for a rewind", "s", quantiles("rating_rewind_seconds")),
        graph("results computed again", "ops", { results: "sum(rate(rating_rewind_results_total[$__rate_interval]))" }),
      ],
      Replays: [
        graph("verdicts", "ops", { "{{verdict}} {{reason}}": rate("replay_verdicts_total", "verdict, reason") }),
        graph("matches that wait for their verification", "short", { matches: "max(replay_verification_backlog)" }),
        graph("the oldest has waited", "s", { matches: "max(replay_verification_oldest_seconds)" }),
        graph("a verification takes", "s", quantiles("replay_verification_seconds")),
        graph("suspect matches without a decision", "short", { matches: "max(replay_suspect_undecided)" }),
        graph("rating effects under way", "short", { matches: "max(replay_rating_effects_pending)" }),
      ],
    },
  },
];
