// The faults: each costs what depends on it, and nothing else. Add one here; everything else follows from its row.
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { PrivateKafka } from "@muster/testkit/kafka";
import { createConnection } from "mariadb";
import type { TestCluster } from "../test-cluster.ts";
import { startFlood } from "./flood.ts";
import type { SteadyLoad } from "./load.ts";

export interface Scene {
  readonly cluster: TestCluster;
  readonly load: SteadyLoad;
  readonly kafka: PrivateKafka | undefined;
  /** Of the load before the fault, requests a second. */
  readonly perS: number;
  /** The most that was answered in time, requests a second, where the drill overloads; else as `perS`. */
  readonly peakPerS: number;
  readonly random: () => number;
  /** Aborted when the fault is over: for what goes on during it. */
  readonly over: AbortSignal;
}

export interface CascadeDrill {
  readonly name: string;
  /** For the report: what is broken. */
  readonly does: string;
  /** What its fault may cost: requests that need these. */
  readonly mayCost: readonly string[];
  /** It stops something that matches run on or through: they pause, and go on elsewhere. */
  readonly pausesMatches?: true;
  /** More than the machine can do: sheddable requests may be refused, critical ones may not. */
  readonly overloads?: true;
  readonly links?: readonly string[];
  readonly kafka?: true;
  /** Services of which there are two. */
  readonly twice?: readonly string[];
  /** MariaDB waits for its disk at each commit: else it has hardly any fsync. */
  readonly durable?: true;
  /** By service: another program than its own main.ts. */
  readonly mains?: Readonly<Record<string, readonly string[]>>;
  /** Undefined: it can be tried here. Else why not. */
  readonly missing?: () => string | undefined;
  /** @returns what ends the fault */
  begin(scene: Scene): Promise<() => Promise<void> | void>;
}

/** What a call to identity-service takes on a link that is ten times slower, ms one way. */
const SLOW_MS = 150;
const ALL_SERVICES = ["identity-service", "match-service", "rating-service", "chat-service", "matchmaker"] as const;

export const CASCADE_DRILLS: readonly CascadeDrill[] = [
  {
    name: "identity-slow",
    does: "every call of edge-api to identity-service takes 300 ms more, with as much jitter",
    mayCost: [], // late, and in time
    links: ["EDGE_IDENTITY_URL"],
    async begin({ cluster }) {
      const link = cluster.link("EDGE_IDENTITY_URL");
      Object.assign(link.faults, { latencyMs: SLOW_MS, jitterMs: SLOW_MS });
      return () => link.mend();
    },
  },
  {
    name: "identity-silent",
    does: "edge-api hears nothing from identity-service, and connections to it are taken and never answered",
    mayCost: ["identity-service"],
    links: ["EDGE_IDENTITY_URL"],
    async begin({ cluster }) {
      const link = cluster.link("EDGE_IDENTITY_URL");
      link.faults.dead = true;
      return () => link.mend();
    },
  },
  {
    name: "identity-forgotten",
    does: "what lies between edge-api and identity-service forgets all connections, again and again",
    mayCost: ["identity-service"],
    links: ["EDGE_IDENTITY_URL"],
    async begin({ cluster, over }) {
      const link = cluster.link("EDGE_IDENTITY_URL");
      repeat(over, 2000, () => link.forgetClients());
      return () => link.mend();
    },
  },
  {
    name: "match-resets",
    does: "connections of edge-api to match-service are reset every half a second",
    mayCost: [], // a call that fails in transit is sent again
    links: ["EDGE_MATCH_URL"],
    async begin({ cluster, over }) {
      const link = cluster.link("EDGE_MATCH_URL");
      repeat(over, 500, () => link.cut("reset"));
      return () => link.mend();
    },
  },
  {
    name: "pool-exhausted",
    does: "each statement of chat-service takes so long that its pool of connections is in use all the time",
    mayCost: ["chat-service"],
    links: ["CHAT_DB_URL"],
    async begin({ cluster }) {
      const link = cluster.link("CHAT_DB_URL");
      link.faults.latencyMs = 1500;
      return () => link.mend();
    },
  },
  {
    name: "locks-pile-up",
    does: "somebody holds a lock on every row that match-service writes and reads",
    mayCost: ["match-service", "matchmaker"], // no match is recorded, so none begins
    async begin({ cluster }) {
      const database = new URL(cluster.matchDbUrl).pathname.slice(1);
      const holder = await createConnection(`${cluster.mariadbUrl.replace(/^mysql:/, "mariadb:")}information_schema`);
      const tables = (await holder.query(
        "select table_name as name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE'",
        [database],
      )) as { name: string }[];
      await holder.query(`lock tables ${tables.map(({ name }) => `\`${database}\`.\`${name}\` write`).join(", ")}`);
      return async () => {
        await holder.query("unlock tables");
        await holder.end();
      };
    },
  },
  {
    name: "disk-slow",
    does: "each fsync of MariaDB takes 200 ms longer",
    mayCost: [...ALL_SERVICES], // refused in part, and in time: judged by the deadlines alone
    durable: true,
    missing: () => (process.getuid?.() === 0 ? undefined : "strace may not trace MariaDB without root"),
    begin: async ({ cluster }) => await slowSyncs(cluster.mariadb.pid),
  },
  {
    name: "database-stands-still",
    does: "MariaDB is stopped by SIGSTOP: its connections stay open, and nothing is answered",
    mayCost: [...ALL_SERVICES],
    async begin({ cluster }) {
      cluster.mariadb.kill("SIGSTOP");
      return () => cluster.mariadb.kill("SIGCONT");
    },
  },
  {
    name: "kafka-stands-still",
    does: "the only broker of Kafka is stopped by SIGSTOP",
    mayCost: [],
    kafka: true,
    async begin({ kafka }) {
      await kafka?.signal("SIGSTOP");
      return async () => await kafka?.signal("SIGCONT");
    },
  },
  {
    name: "kafka-away",
    does: "Kafka is killed, and started again afterwards",
    mayCost: [],
    kafka: true,
    async begin({ kafka }) {
      await kafka?.kill();
      return async () => await kafka?.start();
    },
  },
  {
    name: "shard-stands-still",
    does: "one of two shards is stopped by SIGSTOP",
    mayCost: [],
    pausesMatches: true,
    async begin({ cluster }) {
      const child = cluster.shards[0]?.child;
      child?.kill("SIGSTOP");
      return () => child?.kill("SIGCONT");
    },
  },
  {
    name: "gateway-stands-still",
    does: "one of two gateways is stopped by SIGSTOP",
    mayCost: [],
    pausesMatches: true,
    async begin({ cluster }) {
      const child = cluster.gateways[0]?.child;
      child?.kill("SIGSTOP");
      return () => child?.kill("SIGCONT");
    },
  },
  {
    name: "log-in-flood",
    does: "200 log-ins a second with wrong passwords, from 40 addresses",
    mayCost: [],
    async begin({ cluster }) {
      return startFlood(cluster.edgeUrl, { kind: "log in", perS: 200, addresses: 40 });
    },
  },
  {
    name: "register-flood",
    does: "200 registrations a second, from 40 addresses",
    mayCost: [],
    async begin({ cluster }) {
      return startFlood(cluster.edgeUrl, { kind: "register", perS: 200, addresses: 40 });
    },
  },
  {
    name: "overload",
    does: "twice the requests that can be answered: half of that as ever, and one and a half of what is less than critical",
    mayCost: [],
    overloads: true,
    async begin({ load, perS, peakPerS }) {
      load.rate(peakPerS / 2);
      load.surge(peakPerS * 1.5);
      return () => {
        load.rate(perS);
        load.surge(0);
      };
    },
  },
  {
    name: "rolling-restart",
    does: "every service is restarted, one instance after the other; all but the matchmaker have two",
    mayCost: ["matchmaker"],
    pausesMatches: true,
    twice: ["identity-service", "match-service", "rating-service", "chat-service"],
    async begin({ cluster, over }) {
      const rolling = (async () => {
        for (const name of cluster.singles.keys()) {
          // edge-api is one process here, with nothing before it that would hold a request back: it is restarted behind the ingress elsewhere.
          if (over.aborted || name === "edge-api") continue;
          await cluster.restart(name, "SIGTERM");
        }
      })();
      return async () => await rolling;
    },
  },
  {
    name: "clock-jumps",
    does: "the clock of match-service jumps 10 min ahead, then 10 min back",
    mayCost: [],
    mains: { "match-service": ["--import", new URL("clock.ts", import.meta.url).href, "src/main.ts"] },
    async begin({ cluster, over }) {
      const pid = cluster.singles.get("match-service")?.pid as number;
      let nth = 0;
      // clock.ts knows two signals: one for each way.
      repeat(over, 4000, () => process.kill(pid, nth++ % 2 === 0 ? "SIGUSR2" : "SIGHUP"));
      return () => void process.kill(pid, "SIGWINCH");
    },
  },
];

function repeat(over: AbortSignal, everyMs: number, act: () => void): void {
  act();
  const timer = setInterval(act, everyMs);
  over.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Traces the process: the kernel's own files stay as they are. */
async function slowSyncs(pid: number): Promise<() => Promise<void>> {
  const inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=200000"];
  const tracer = spawn("strace", ["-f", "-qq", "-o", "/dev/null", ...inject, "-p", String(pid)], { stdio: "ignore" });
  await once(tracer, "spawn");
  return async () => {
    const ended = once(tracer, "exit");
    tracer.kill("SIGINT");
    await ended;
  };
}
