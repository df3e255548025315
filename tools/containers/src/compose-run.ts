// Starts the compose file with Debian's docker-compose through our engine's API, then recreates each container once.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { freePort, paths } from "@muster/local";
import { sleep, until } from "@muster/runtime";
import { command } from "./command.ts";
import type { Engine } from "./engine.ts";
import { IMAGES } from "./images.ts";
import { playSmokeMatch, untilHealthy } from "./smoke.ts";

const FOLDER = path.join(paths.root, "infra/compose");
const UP_WITHIN_MS = 300_000;
const RECREATE_WITHIN_MS = 120_000;
const HEALTH_EVERY_MS = 2000;
const PROJECT = "muster-container-test";

export async function tryCompose(engine: Engine): Promise<void> {
  const socket = path.join(engine.folder, "engine.sock");
  const service = await serveApi(engine, socket);
  const port = await freePort();
  const env = {
    ...engine.env,
    DOCKER_HOST: `unix://${socket}`,
    COMPOSE_PROJECT_NAME: PROJECT,
    MUSTER_PORT: String(port),
    MUSTER_TLS_PORT: String(await freePort()),
    MUSTER_COMPOSE: "docker-compose",
    MUSTER_COMPOSE_BUILD: "--no-build",
  };
  const compose = (...args: string[]): Promise<string> =>
    command("docker-compose", ["--env-file", "secrets/env", "--file", "compose.yaml", ...args], {
      cwd: FOLDER,
      env,
      withinMs: RECREATE_WITHIN_MS,
    });
  const url = `http://127.0.0.1:${port}`;
  const stop = new AbortController();
  const checking = checkHealth(engine, stop.signal);
  try {
    await command("bash", [path.join(FOLDER, "up.sh"), "--detach"], { env, withinMs: UP_WITHIN_MS });
    await untilHealthy(url);
    await playSmokeMatch(url);
    console.log("  system is up; smoke match passed");
    for (const name of ["mariadb", ...IMAGES]) {
      const startedAt = performance.now();
      await compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", name);
      await untilHealthy(url);
      await playSmokeMatch(url);
      console.log(
        `  ${name} recreated: healthy, and smoke match passed, after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
      );
    }
  } catch (err) {
    console.log(await compose("ps", "--all").catch(String));
    console.log(await compose("logs", "--tail", "5").catch(String));
    throw err;
  } finally {
    stop.abort();
    await checking;
    await compose("down", "--volumes", "--timeout", "5").catch((err: unknown) => console.error(String(err)));
    service.kill("SIGTERM");
    await once(service, "exit");
  }
}

/** What Docker does by itself, and podman by systemd's timers, which a machine may not run. */
async function checkHealth(engine: Engine, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const unhealthy = (): void => undefined; // or not there yet: compose goes by what is written down
    await engine.podman(["healthcheck", "run", `${PROJECT}_mariadb_1`]).catch(unhealthy);
    await sleep(HEALTH_EVERY_MS, stop);
  }
}

async function serveApi(engine: Engine, socket: string): Promise<ChildProcess> {
  const service = spawn("podman", ["system", "service", "--time", "0", `unix://${socket}`], {
    env: { ...process.env, ...engine.env },
    stdio: "ignore",
  });
  await until(async () => {
    if (service.exitCode !== null) throw new Error(`podman system service ended with ${service.exitCode}`);
    const asked = command("curl", ["--silent", "--fail", "--unix-socket", socket, "http://localhost/_ping"], {
      withinMs: 2000,
    });
    return asked.then(
      () => undefined,
      (err: unknown) => String(err),
    );
  }, 20_000);
  return service;
}
