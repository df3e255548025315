// scripts/test.sh --containers: the suites of MariaDB and Kafka, with both servers in containers of an engine of ours.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { kafkaLib, paths } from "@muster/local";
import { KAFKA_IMAGE } from "@muster/testkit/kafka";
import { BASE, makeBases } from "./bases.ts";
import { Engine } from "./engine.ts";

const BUILD_WITHIN_MS = 900_000;
/** What needs a database or a broker, and no other server. */
const SUITES = [".db.test.ts", ".kafka.test.ts"];

const engine = new Engine(path.join(paths.home, "containers"));
const run = `${process.pid}`;

async function buildKafka(): Promise<void> {
  const context = mkdtempSync(path.join(os.tmpdir(), "muster-kafka-image-"));
  try {
    cpSync(path.join(import.meta.dirname, "../kafka"), context, { recursive: true });
    cpSync(kafkaLib(), path.join(context, "lib"), { recursive: true, preserveTimestamps: true });
    const which = ["--build-arg", `BASE=${BASE}`, "--tag", KAFKA_IMAGE];
    await engine.podman(["build", "--quiet", ...which, context], BUILD_WITHIN_MS);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** @returns its exit code */
async function runTests(socket: string, args: readonly string[]): Promise<number> {
  const child = spawn("vitest", ["run", ...(args.length > 0 ? args : SUITES)], {
    cwd: paths.root,
    stdio: "inherit",
    env: { ...process.env, DOCKER_HOST: `unix://${socket}`, MUSTER_TEST_CONTAINERS: "1", MUSTER_TEST_RUN: run },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

console.log("building the images of MariaDB and Kafka from Debian's packages");
await makeBases(engine);
await buildKafka();
const socket = path.join(mkdtempSync(path.join(os.tmpdir(), "muster-engine-")), "podman.sock");
const service = await engine.serve(socket);
try {
  process.exitCode = await runTests(socket, process.argv.slice(2));
} finally {
  for (const left of await engine.containersWith("muster.test-run", run)) await engine.remove(left);
  service.kill();
  rmSync(path.dirname(socket), { recursive: true, force: true });
}
