// The cost of connections: memory per idle authenticated connection, and how many connections per second a core accepts
// including token verification, compared with raw uWebSockets.js, which verifies nothing. The gateways share one core; the
// clients use the other.
//
//   node src/connections.ts [--connections 10000] [--gateways 2] [--rounds 3] [--competitors DIR]
import { writeFileSync } from "node:fs";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import { createEnvironment, deploymentOf, freePort, paths, portsFrom, serviceOf, waitForPort } from "@muster/local";
import { openConnections } from "./open-connections.ts";
import { findCompetitors, prepared } from "./competitors.ts";
import { cpuSeconds, type Pinned, pinned, residentMib, SERVER_CORE } from "./processes.ts";
import { median } from "./table.ts";
import { openTrust, type Trust } from "./trust.ts";

const { values } = programOptions({
  options: {
    connections: { type: "string", default: "10000" },
    gateways: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    competitors: { type: "string" },
  },
});
const [connections, gateways, rounds] = [values.connections, values.gateways, values.rounds].map(Number) as [
  number,
  number,
  number,
];
const SETTLE_MS = 6000;
const RAW_PORT = 19_003;
const SILENT = `require("uWebSockets.js").App().ws("/*", { idleTimeout: 960 }).listen(${RAW_PORT}, () => undefined);\n`;

interface Cost {
  readonly name: string;
  readonly connections: number;
  /** Per second of the server's CPU. */
  readonly perCpuSecond: number;
  readonly kibEach: number;
}

const trust = await openTrust(await freePort());
const competitors = findCompetitors(values.competitors);
const costs: Cost[] = [];
try {
  const tokens = await Promise.all(Array.from({ length: connections * gateways }, () => trust.token()));
  for (let round = 1; round <= rounds; round++) {
    console.log(`round ${round} of ${rounds}`);
    costs.push(await measureGateways(trust, tokens));
    if (competitors) costs.push(await measureRaw(competitors));
  }
} finally {
  await trust.close();
}
console.log("\n                             connections   per CPU second   KiB each (resident)");
for (const [name, all] of Map.groupBy(costs, (cost) => cost.name))
  console.log(
    `${name.padEnd(28)} ${String(all[0]?.connections).padStart(11)}   ${median(all.map((c) => c.perCpuSecond))
      ?.toFixed(0)
      .padStart(14)}   ${median(all.map((c) => c.kibEach))
      ?.toFixed(2)
      .padStart(19)}`,
  );
process.exit();

async function measureGateways(from: Trust, tokens: readonly string[]): Promise<Cost> {
  const children: Pinned[] = [];
  try {
    const addresses: string[] = [];
    for (let i = 0; i < gateways; i++) {
      const port = await freePort();
      const env = {
        ...process.env,
        ...createEnvironment(portsFrom(await freePort(), 14_000 + i * 100)),
        GATEWAY_PORT: String(port),
        GATEWAY_ADMIN_PORT: String(await freePort()),
        GATEWAY_IDENTITY_URL: from.url,
        GATEWAY_CONNECTIONS_MAX: "100000",
        GATEWAY_UNAUTHENTICATED_PER_ADDRESS_MAX: "100000", // all come from here
        GATEWAY_CONNECTIONS_PER_ADDRESS_MAX: "100000",
        GATEWAY_IDLE_TIMEOUT_S: "900",
        LOG_LEVEL: "error",
      };
      children.push(
        pinned(
          SERVER_CORE,
          "gateway",
          paths.node,
          [...deploymentOf(serviceOf("realtime-gateway")).nodeArgs, "src/main.ts"],
          path.join(paths.root, "services/realtime-gateway"),
          env,
        ),
      );
      await waitForPort(port, 20_000);
      addresses.push(`127.0.0.1:${port}`);
    }
    await settled();
    return await measure(
      "Muster's gateway",
      children.map(({ child }) => child.pid),
      addresses,
      tokens,
    );
  } finally {
    for (const { child } of children) await child.stop();
  }
}

async function measureRaw(folder: string): Promise<Cost> {
  const cwd = prepared("uws-limit", folder);
  // The competitor's own program ticks; connections alone are to be measured.
  writeFileSync(path.join(cwd, "silent.cjs"), SILENT);
  const server = pinned(SERVER_CORE, "raw", paths.node, ["silent.cjs"], cwd, process.env);
  try {
    await waitForPort(RAW_PORT, 20_000);
    await settled();
    const address = `127.0.0.1:${RAW_PORT}`;
    return await measure("raw uWebSockets.js", [server.child.pid], [address], Array<string>(connections).fill(""));
  } finally {
    await server.child.stop();
  }
}

async function measure(name: string, pids: number[], addresses: string[], tokens: readonly string[]): Promise<Cost> {
  const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);
  const [memory, cpu] = [sum(residentMib), sum(cpuSeconds)];
  const each = Math.floor(tokens.length / addresses.length);
  const loads = addresses.map((address, i) => openConnections(address, tokens.slice(i * each, (i + 1) * each)));
  await Promise.all(loads.map(({ opened }) => opened));
  const used = sum(cpuSeconds) - cpu;
  await settled();
  const grown = sum(residentMib) - memory;
  for (const { end } of loads) end();
  return {
    name,
    connections: tokens.length,
    perCpuSecond: tokens.length / used,
    kibEach: (grown * 1024) / tokens.length,
  };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
