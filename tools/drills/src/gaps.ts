// Kills each process of the local system (up.sh) once, and measures how long REST and a running match go without a valid
// answer. Times start at the kill and depend on the machine.
//
//   node src/gaps.ts [--only edge-api] [--stop mariadb [--seconds 20]]
//
// --stop: suspends the process for 5 s (or --seconds) instead.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import { MusterClient } from "@muster/client";
import { duel } from "@muster/game-duel";
import { freePort, paths } from "@muster/local";
import { sleep, until } from "@muster/runtime";

const TARGETS = [
  "edge-api",
  "identity-service",
  "match-service",
  "chat-service",
  "matchmaker",
  "shard",
  "realtime-gateway",
  "nginx",
  "mariadb",
];
/** What a request of each kind needs behind edge-api. */
const PROBES = {
  modes: "/v1/modes",
  identity: "/v1/me/devices",
  matches: "/v1/me/matches",
  chat: "/v1/chat/channels",
} as const;
const EVERY_MS = 25;
const CALM_MS = 1500;
const WITHIN_MS = 60_000;

const { values } = programOptions({
  options: { only: { type: "string" }, stop: { type: "string" }, seconds: { type: "string", default: "5" } },
});
const folder = mkdtempSync(path.join(os.tmpdir(), "muster-gaps-"));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const up = spawn(process.execPath, [path.join(paths.root, "infra/local/src/up.ts")], {
  env: {
    ...process.env,
    MUSTER_HOME: folder,
    MUSTER_PORT: String(port),
    MUSTER_PORT_BASE: "19900",
    MUSTER_SKIP_SMOKE: "1",
    MATCHMAKER_MODES: JSON.stringify({ drill: { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 9000 } } }),
  },
  stdio: ["ignore", "pipe", "inherit"],
});
let said = "";
up.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
const gone = once(up, "exit");
try {
  await until(() => (said.includes("Muster is up") ? undefined : said), WITHIN_MS * 2);
  const players = await Promise.all([enter(), enter()]);
  let [lastFrameAt, pauseMs] = [performance.now(), 0];
  players[0]?.match.onSnapshot(() => {
    const now = performance.now();
    pauseMs = Math.max(pauseMs, now - lastFrameAt);
    lastFrameAt = now;
  });
  const token = (): Promise<string> => (players[0] as Awaited<ReturnType<typeof enter>>).client.accessToken();
  await sleep(2000);
  console.log(
    `killed             ${Object.keys(PROBES)
      .map((name) => name.padStart(9))
      .join("")}    match  (seconds)`,
  );
  for (const target of values.stop ? [values.stop] : values.only ? [values.only] : TARGETS) {
    const access = await token();
    pauseMs = 0;
    lastFrameAt = performance.now();
    const { pid } = JSON.parse(readFileSync(path.join(folder, "run", `${target}.json`), "utf8")) as { pid: number };
    process.kill(pid, values.stop ? "SIGSTOP" : "SIGKILL");
    if (values.stop) setTimeout(() => process.kill(pid, "SIGCONT"), Number(values.seconds) * 1000);
    const killedAt = performance.now();
    const gaps = await Promise.all(Object.values(PROBES).map((at) => gapOf(at, access, killedAt)));
    await until(() => (performance.now() - lastFrameAt < 500 ? undefined : "no frames"), WITHIN_MS).catch(
      () => undefined,
    );
    const pause = Math.max(pauseMs, performance.now() - lastFrameAt);
    const columns = [...gaps, pause].map((ms) => (ms / 1000).toFixed(2).padStart(9));
    console.log(`${(values.stop ? `${target} (${values.seconds} s)` : target).padEnd(19)}${columns.join("")}`);
    await until(async () => ((await statusOf("/healthz", access)) === 200 ? undefined : "unhealthy"), WITHIN_MS);
  }
  for (const { realtime } of players) realtime.close();
} finally {
  up.kill("SIGTERM");
  await gone;
  rmSync(folder, { recursive: true, force: true });
}

/** From the kill to the end of the last failure, once all has been well for a while. */
async function gapOf(at: string, access: string, killedAt: number): Promise<number> {
  let lastBadAt = killedAt;
  while (performance.now() - lastBadAt < CALM_MS && performance.now() - killedAt < WITHIN_MS) {
    if ((await statusOf(at, access)) !== 200) lastBadAt = performance.now();
    await sleep(EVERY_MS);
  }
  return lastBadAt - killedAt;
}

async function statusOf(at: string, access: string): Promise<number> {
  return fetch(url + at, { headers: { authorization: `Bearer ${access}` }, signal: AbortSignal.timeout(10_000) }).then(
    async (response) => (await response.arrayBuffer(), response.status),
    () => 0,
  );
}

async function enter() {
  const client = new MusterClient({ url });
  await client.logInGuest(randomBytes(16).toString("hex"));
  const realtime = await client.connect();
  const match = await realtime.join(await realtime.queue("drill"), duel);
  return { client, realtime, match };
}
