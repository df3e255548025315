// 150 requests per second to every callee of edge-api and the gateway, while one of them is restarted repeatedly.
import { randomBytes } from "node:crypto";
import { MusterClient, Realtime } from "@muster/client";
import { openTestCluster, type TestCluster } from "./test-cluster.ts";
import { percentile } from "@muster/testkit/numbers";

export interface RestartReport {
  readonly callee: string;
  readonly requests: number;
  /** By HTTP status; 0: no answer at all. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Why there was no answer, as this side was told: how often. */
  readonly unanswered: Readonly<Record<string, number>>;
  /** Processes that ended although nobody told them to. */
  readonly deaths: readonly string[];
  readonly latencyMsP99: number;
}

export interface RestartOptions {
  readonly callees: readonly string[];
  readonly restarts: number;
  readonly perS: number;
  /** Between two restarts. */
  readonly pauseMs: number;
  readonly progress: (line: string) => void;
}

/** In the order of how much hangs on them. */
export const CALLEES = ["matchmaker", "match-service", "identity-service", "chat-service"];

const PLAYERS = 6;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Player {
  readonly client: MusterClient;
  readonly realtime: Realtime;
  readonly playerId: string;
}

export async function drillRestarts(options: RestartOptions): Promise<RestartReport[]> {
  await using cluster = await openTestCluster({ gateways: 1, shards: 1 });
  const players = await Promise.all(Array.from({ length: PLAYERS }, () => join(cluster)));
  const reports: RestartReport[] = [];
  try {
    for (const callee of options.callees) {
      const load = startLoad(cluster, players, options.perS);
      for (let i = 0; i < options.restarts; i++) {
        await wait(options.pauseMs * (0.5 + Math.random()));
        await cluster.restart(callee, i % 2 === 0 ? "SIGTERM" : "SIGKILL");
      }
      await wait(options.pauseMs);
      const { statuses, unanswered, latenciesMs } = await load.stop();
      reports.push({
        callee,
        requests: latenciesMs.length,
        statuses,
        unanswered,
        deaths: cluster.deaths(),
        latencyMsP99: percentile(latenciesMs, 0.99) ?? 0,
      });
      options.progress(line(reports.at(-1) as RestartReport));
    }
    for (const error of cluster.errors().slice(0, 5)) options.progress(`LOGGED ${error.slice(0, 300)}`);
  } finally {
    for (const { realtime } of players) realtime.close();
  }
  return reports;
}

export function line({ callee, requests, statuses, unanswered, deaths, latencyMsP99 }: RestartReport): string {
  const why = Object.keys(unanswered).length === 0 ? "" : ` (no answer: ${JSON.stringify(unanswered)})`;
  return (
    `${callee.padEnd(17)} ${requests} requests ${JSON.stringify(statuses)}${why}, p99 ${latencyMsP99.toFixed(0)} ms, ` +
    `${deaths.length === 0 ? "nothing died" : deaths.join("; ")}`
  );
}

async function join(cluster: TestCluster): Promise<Player> {
  const client = new MusterClient({ url: cluster.edgeUrl });
  const { playerId } = await client.logInGuest(randomBytes(16).toString("hex"));
  return { client, realtime: new Realtime(cluster.gatewayUrl, () => client.accessToken(), {}), playerId };
}

interface Load {
  stop(): Promise<Pick<RestartReport, "statuses" | "unanswered"> & { latenciesMs: number[] }>;
}

function startLoad(cluster: TestCluster, players: readonly Player[], perS: number): Load {
  const statuses: Record<number, number> = {};
  const unanswered: Record<string, number> = {};
  const latenciesMs: number[] = [];
  const running = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    // Over the clock, not per tick of the timer: a busy machine gets no less.
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perS);
    for (; sent < due; sent++) {
      const player = players[sent % players.length] as Player;
      const one = request(cluster.edgeUrl, player, sent).then(({ status, why, ms }) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (why !== undefined) unanswered[why] = (unanswered[why] ?? 0) + 1;
        latenciesMs.push(ms);
        running.delete(one);
      });
      running.add(one);
      if (sent % 10 === 0) queueBriefly(player.realtime);
    }
  }, 5);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      return { statuses, unanswered, latenciesMs };
    },
  };
}

/** An enqueue of one's own makes the gateway call match-service and the matchmaker. */
function queueBriefly(realtime: Realtime): void {
  const cancel = new AbortController();
  setTimeout(() => cancel.abort(), 150);
  realtime.queue("duel-quick", { signal: cancel.signal }).catch(() => undefined);
}

async function request(
  url: string,
  player: Player,
  nth: number,
): Promise<{ status: number; why?: string; ms: number }> {
  const at = performance.now();
  const [method, path, body] = requestOf(player, nth);
  const answer = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${await player.client.accessToken()}`,
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(20_000),
  }).then(
    async (response) => (await response.arrayBuffer(), { status: response.status }),
    (err: unknown) => ({ status: 0, why: whyNot(err) }),
  );
  return { ...answer, ms: performance.now() - at };
}

/** The system's own word for it, where there is one: that of a fetch is "fetch failed". */
function whyNot(err: unknown): string {
  const { name, cause } = err as Error;
  const { code, message } = (cause ?? {}) as { code?: string; message?: string };
  return code === undefined ? name : `${code}: ${message}`;
}

/** Reads and writes of every callee. */
function requestOf({ playerId }: Player, nth: number): [string, string, object?] {
  switch (nth % 8) {
    case 0:
      return ["GET", "/v1/me"];
    case 1:
      return ["GET", "/v1/me/matches"];
    case 2:
      return ["GET", "/v1/modes"];
    case 3:
      return ["GET", "/v1/chat/channels"];
    case 4:
      return ["POST", "/v1/auth/guest", { deviceKey: randomBytes(16).toString("hex") }];
    case 5:
      return ["GET", `/v1/players/${playerId}/matches`];
    case 6:
      return ["GET", "/v1/me/devices"];
    default:
      return ["POST", "/v1/auth/logout", { refreshToken: randomBytes(32).toString("base64url") }];
  }
}
