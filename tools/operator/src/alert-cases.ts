// For each alert: series that make it fire, and series that do not, at one sample a minute in the notation of promtool.

export interface AlertCase {
  readonly fires: Series;
  readonly quiet: Series;
  /** When both are looked at; `for` of the rule has passed by then. */
  readonly at: string;
}

type Series = Readonly<Record<string, string>>;

const up = 'up{job="muster", process="shard"}';
const rest = (status: string): string => `http_server_duration_seconds_count{status="${status}"}`;
const bucket = (name: string, le: string): string => `${name}_bucket{le="${le}"}`;
const refusals = (why: string): string => `edge_ingress_refusals_total{why="${why}"}`;
const sessions = (peer: string): string => `matchmaker_sessions{peer="${peer}"}`;
const clock = 'clock_seconds{job="muster"}';
const parked = (state: string): string => `parked_keys{consumer="c", state="${state}"}`;

/** A histogram in which nothing is under `low`, and one in which everything is. */
function slow(name: string, low: string, high: string, at = "20m"): AlertCase {
  const all = { [bucket(name, high)]: "0+60x60", [bucket(name, "+Inf")]: "0+60x60" };
  return { fires: { [bucket(name, low)]: "0x60", ...all }, quiet: { [bucket(name, low)]: "0+60x60", ...all }, at };
}

/** A gauge, steady. */
function level(series: string, fires: number, quiet: number, at = "30m"): AlertCase {
  return { fires: { [series]: `${fires}x90` }, quiet: { [series]: `${quiet}x90` }, at };
}

/** A counter that grows so much every minute. */
function growth(series: string, fires: number, quiet: number, at = "30m"): AlertCase {
  return { fires: { [series]: `0+${fires}x90` }, quiet: { [series]: `0+${quiet}x90` }, at };
}

export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  MusterProcessDown: level(up, 0, 1, "3m"),
  MusterNotScraped: { fires: { 'up{job="other"}': "1x30" }, quiet: { [up]: "1x30" }, at: "10m" },
  MusterRestErrors: {
    fires: { [rest("200")]: "0+90x30", [rest("503")]: "0+2x30" },
    quiet: { [rest("200")]: "0+990x30", [rest("503")]: "0+2x30" },
    at: "20m",
  },
  MusterRestSlow: slow("http_server_duration_seconds", "1", "5"),
  MusterRpcErrors: growth('rpc_server_duration_seconds_count{service="s", rpc="r", code="internal"}', 12, 3),
  MusterTicksLate: slow("shard_tick_late_seconds", "0.033", "0.1"),
  MusterTicksSkipped: growth("shard_ticks_skipped_total", 120, 30),
  MusterResultsPending: level("shard_results_pending", 101, 100),
  MusterShardUnlinked: level("gateway_shards_unlinked", 1, 0),
  MusterResultsRefused: growth("shard_results_refused_total", 1, 0),
  MusterMatchesLost: growth("gateway_matches_lost_total", 1, 0),
  MusterMatchmakingSlow: slow("matchmaker_wait_seconds", "60", "120", "40m"),
  MusterNoShard: level(sessions("shard"), 0, 1),
  MusterNoGateway: level(sessions("gateway"), 0, 1),
  MusterRevocationFeedStale: level("edge_revocation_feed_age_seconds", 31, 29),
  MusterGatewayFull: growth('gateway_upgrades_refused_total{why="full"}', 120, 30),
  MusterClientsBehind: {
    fires: { gateway_stale_sockets: "21x30", gateway_players: "100x30" },
    quiet: { gateway_stale_sockets: "21x30", gateway_players: "300x30" },
    at: "10m",
  },
  MusterEventLoopBlocked: level('nodejs_eventloop_lag_p99_seconds{job="muster"}', 0.3, 0.2),
  MusterCriticalShed: growth(
    'load_shed_total{service="s", of="calls", criticality="critical", why="limit"}',
    12,
    3,
    "10m",
  ),
  MusterShedding: growth(
    'load_shed_total{service="s", of="calls", criticality="sheddable", why="limit"}',
    120,
    30,
    "30m",
  ),
  MusterHashingRefused: growth('identity_hashing_refused_total{queue="registration", why="full"}', 24, 6, "20m"),
  MusterClockWrong: { fires: { [clock]: "3+60x30" }, quiet: { [clock]: "1+60x30" }, at: "10m" },
  MusterFilesNearLimit: {
    fires: { 'process_open_fds{job="muster"}': "90x30", 'process_max_fds{job="muster"}': "100x30" },
    quiet: { 'process_open_fds{job="muster"}': "70x30", 'process_max_fds{job="muster"}': "100x30" },
    at: "10m",
  },
  MusterIngressRefuses: growth(refusals("requests"), 600, 120),
  MusterIngressFull: growth(refusals("full"), 1, 0),
  MusterAuditLogBroken: level('audit_log_fault{service="s"}', 1, 0),
  MusterAuditLogShorter: {
    fires: { 'audit_log_position{service="s"}': "9x10 8x20" },
    quiet: { 'audit_log_position{service="s"}': "9x10 10x20" },
    at: "20m",
  },
  MusterAuditLogUnsealed: level('audit_log_unsealed_entries{service="s"}', 1, 0),
  MusterOutboxBehind: level('outbox_oldest_unpublished_seconds{service="s"}', 61, 59),
  MusterConsumerLate: level('consumer_lag_seconds{consumer="c", partition="t/0"}', 61, 59),
  MusterConsumerAway: level('consumer_partitions{consumer="c"}', 0, 3),
  MusterConsumerPaused: level('consumer_paused{consumer="c", partition="t/0"}', 1, 0),
  MusterDeadLetters: level('dlq_depth{consumer="c"}', 1, 0),
  MusterDeadLettersOld: level('dlq_oldest_seconds{consumer="c"}', 1_209_601, 1_209_600, "70m"),
  MusterKeysHeld: level(parked("dead"), 1, 0),
  MusterKeysParked: level(parked("retried"), 11, 10),
  MusterDuplicates: growth('inbox_duplicates_total{consumer="c"}', 120, 30, "40m"),
  MusterReplaySuspect: level("replay_suspect_undecided", 1, 0),
  MusterReplaysLate: level("replay_verification_oldest_seconds", 301, 299),
};
