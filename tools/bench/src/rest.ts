// The REST path: an authenticated page of match history through nginx → edge-api → gRPC → match-service → MariaDB, compared
// with the same page from one plain Fastify process with the same SQL; and log-ins compared with password hashing alone. The
// servers share one core; the load uses another.
//
//   node src/rest.ts [--seconds 15] [--rounds 5] [--connections 16]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import {
  createEnvironment,
  databaseVariables,
  freePort,
  paths,
  portsFrom,
  provision,
  startMariadb,
  startNginx,
} from "@muster/local";
import { migrateAll, seedHistory } from "./rest-seed.ts";
import { cpuSeconds, lastJson, LOAD_CORE, type Pinned, pinned, SERVER_CORE } from "./processes.ts";
import { hashingRate } from "./rest-hashing.ts";

const { values } = programOptions({
  options: {
    seconds: { type: "string", default: "15" },
    rounds: { type: "string", default: "5" },
    connections: { type: "string", default: "16" },
  },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];

interface Load {
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Measured extends Load {
  readonly name: string;
  /** CPU seconds by process. */
  readonly cpu: Readonly<Record<string, number>>;
}

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
const children: Pinned[] = [];
const mariadb = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: true });
try {
  await run();
} finally {
  for (const { child } of children.toReversed()) await child.stop();
  await mariadb.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const ports = portsFrom(await freePort(), 12_000 + Math.floor(Math.random() * 80) * 100);
  const urls = await provision({
    adminUrl: mariadb.adminUrl,
    suffix: "bench",
    passwordOf: () => "bench",
  });
  const env: Record<string, string | undefined> = {
    ...process.env,
    ...createEnvironment(ports),
    IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "1000000", // all players come from one address here
    ...databaseVariables(urls),
    LOG_LEVEL: "warn",
    IDENTITY_LOGIN_FREE_PER_ADDRESS: "1000000",
    PLAIN_DB_URL: urls["match-service"],
    PLAIN_PORT: String(await freePort()),
    NODE_OPTIONS: "",
  };
  migrateAll(env);
  const start = (name: string, args: readonly string[], cwd: string): Pinned => {
    const one = pinned(SERVER_CORE, name, paths.node, args, cwd, env);
    children.push(one);
    return one;
  };
  const service = (name: string): Pinned => start(name, ["src/main.ts"], path.join(paths.root, "services", name));
  const servers: Record<string, number> = { mariadb: mariadb.child.pid };
  for (const name of ["identity-service", "match-service", "edge-api"]) servers[name] = service(name).child.pid;
  const nginx = await startNginx({
    prefix: path.join(folder, "nginx"),
    port: ports["MUSTER_INGRESS_PORT"] as number,
    edgeAddress: `127.0.0.1:${ports["EDGE_PORT"]}`,
    gatewayAddress: `127.0.0.1:${ports["GATEWAY_PORT"]}`,
    limits: { requestsPerSPerAddress: 100_000 }, // all of the load comes from one address
  });
  children.push({ child: nginx.child, lines: [] });
  const plain = start("plain", [path.join(import.meta.dirname, "rest-plain.ts")], paths.root);
  const edgeUrl = `http://127.0.0.1:${ports["EDGE_PORT"]}`;
  await answering(`${edgeUrl}/.well-known/jwks.json`);
  await answering(`http://127.0.0.1:${env["PLAIN_PORT"]}/healthz`);
  const { playerId, token } = await seedHistory(edgeUrl, urls["match-service"]);
  for (const worker of nginxWorkers(nginx.child.pid)) servers[`nginx ${worker}`] = worker;

  const measure = async (
    name: string,
    url: string,
    body: string | undefined,
    pids: Record<string, number>,
  ): Promise<Measured> => {
    const load = pinned(
      LOAD_CORE,
      "load",
      paths.node,
      [
        path.join(import.meta.dirname, "rest-load.ts"),
        url,
        token,
        String(seconds),
        body === undefined ? (values.connections as string) : "4",
        body ?? "",
      ],
      paths.root,
      process.env,
    );
    while (!load.lines.includes("measuring")) {
      if (!load.child.running) throw new Error(load.lines.join("\n"));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const before = Object.entries(pids).map(([key, pid]) => [key, cpuSeconds(pid)] as const);
    await load.child.exited;
    const cpu = Object.fromEntries(before.map(([key, was]) => [key, cpuSeconds(pids[key] as number) - was]));
    return { name, ...lastJson<Load>(load.lines), cpu };
  };
  const history = `/v1/me/matches?limit=20`;
  const work: (() => Promise<Measured>)[] = [
    () =>
      measure("plain Fastify", `http://127.0.0.1:${env["PLAIN_PORT"]}/${playerId}`, undefined, {
        mariadb: mariadb.child.pid,
        plain: plain.child.pid,
      }),
    () => measure("edge-api, without nginx", `${edgeUrl}${history}`, undefined, servers),
    () =>
      measure(
        "nginx → edge-api → match-service",
        `http://127.0.0.1:${ports["MUSTER_INGRESS_PORT"]}${history}`,
        undefined,
        servers,
      ),
    () =>
      measure(
        "log-in",
        `http://127.0.0.1:${ports["MUSTER_INGRESS_PORT"]}/v1/auth/login`,
        JSON.stringify({ name: "logger-in", password: "correct horse battery" }),
        servers,
      ),
  ];
  console.log("warming up");
  for (const one of work) await one();
  const results: Measured[] = [];
  for (let round = 1; round <= rounds; round++) {
    console.log(`round ${round} of ${rounds}`);
    for (const one of work) results.push(await one());
  }
  print(results, await hashingRate(seconds));
}

function print(results: readonly Measured[], hashesPerCpuS: number): void {
  const median = (numbers: readonly number[]): number =>
    numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
  const total = (result: Measured): number => Object.values(result.cpu).reduce((a, b) => a + b, 0);
  const names = [...new Set(results.map((result) => result.name))];
  const rateOf = (name: string): number =>
    median(results.filter((one) => one.name === name).map((one) => one.requests / total(one)));
  const plainRate = rateOf("plain Fastify");
  console.log(`\n${"".padEnd(34)} requests/CPU-s  of plain  p50 ms  p99 ms  failed`);
  for (const name of names) {
    const all = results.filter((one) => one.name === name);
    const figures = [
      rateOf(name).toFixed(0).padStart(14),
      (name === "log-in" ? "-" : (rateOf(name) / plainRate).toFixed(2)).padStart(8),
      median(all.map((one) => one.p50Ms))
        .toFixed(1)
        .padStart(6),
      median(all.map((one) => one.p99Ms))
        .toFixed(1)
        .padStart(6),
      String(all.reduce((sum, one) => sum + one.failed, 0)).padStart(6),
    ];
    console.log(`${name.padEnd(34)} ${figures.join("  ")}`);
    const hops = Object.keys(all[0]?.cpu ?? {}).map((hop) => {
      const us = median(all.map((one) => ((one.cpu[hop] ?? 0) / one.requests) * 1e6));
      return `${hop.replace(/ \d+$/, "")} ${us.toFixed(0)}`;
    });
    console.log(`${"".padEnd(6)}µs CPU per request: ${hops.join(", ")}`);
  }
  const logIns = rateOf("log-in");
  console.log(
    `\nlog-ins per CPU-second ${logIns.toFixed(1)}, hashes alone ${hashesPerCpuS.toFixed(1)}: ${(logIns / hashesPerCpuS).toFixed(2)} of it`,
  );
}

async function answering(url: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const said = children.flatMap(({ lines }) => lines.slice(-2));
  throw new Error(`${url} did not answer:\n${said.join("\n").slice(0, 4000)}`);
}

/** nginx's work is done by its children. */
function nginxWorkers(master: number): number[] {
  const listed = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const parents = listed.map((entry) => {
    try {
      return [
        Number(entry),
        Number((readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1] as string).split(" ")[1]),
      ] as const;
    } catch {
      return [0, 0] as const; // it has ended meanwhile
    }
  });
  const children = parents.filter(([, parent]) => parent === master).map(([pid]) => pid);
  return children.flatMap((pid) => [
    pid,
    ...parents.filter(([, parent]) => parent === pid).map(([grandchild]) => grandchild),
  ]);
}
