// The tests' MariaDB in a container, if a Docker engine is running and has the image: nothing is pulled.
import { request } from "node:http";

export const MARIADB_IMAGE = "mariadb:10.11";
const ENGINE_ANSWERS_WITHIN_MS = 1000;

export interface ContainerServer {
  /** mysql://root:…/ */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** MUSTER_TEST_CONTAINERS=0 says no, whatever there is. */
export async function containersUsable(): Promise<boolean> {
  return process.env["MUSTER_TEST_CONTAINERS"] !== "0" && (await hasImage(MARIADB_IMAGE));
}

export async function startMariadbContainer(): Promise<ContainerServer> {
  // Its reaper is an image too; without it a crash of the tests leaves the container behind.
  if (!(await hasImage("testcontainers/ryuk:0.14.0"))) process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  const { MariaDbContainer } = await import("@testcontainers/mariadb");
  const password = "muster-test";
  const container = await new MariaDbContainer(MARIADB_IMAGE).withRootPassword(password).start();
  const adminUrl = `mysql://root:${password}@${container.getHost()}:${container.getPort()}/`;
  return { adminUrl, stop: async () => void (await container.stop()) };
}

/** Asks the engine at DOCKER_HOST (unix:// only), or at its usual socket. */
function hasImage(image: string): Promise<boolean> {
  const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  if (!host.startsWith("unix://")) return Promise.resolve(false);
  return new Promise((resolve) => {
    const asked = request(
      {
        socketPath: host.slice("unix://".length),
        path: `/images/${encodeURIComponent(image)}/json`,
        timeout: ENGINE_ANSWERS_WITHIN_MS,
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => resolve(false)); // no engine
    asked.end();
  });
}
