// Runs the rendered manifests as containers, all started at once: pods with podman, Services with a name server, readiness
// with the pods' own probes.
import { freePort, SERVICES } from "@muster/local";
import type { Manifest } from "@muster/manifests/render";
import { sleep, until } from "@muster/runtime";
import type { Engine } from "./engine.ts";
import { NameServer } from "./name-server.ts";
import { type Pod, podsOf } from "./pods.ts";
import { probe } from "./probes.ts";
import { secretsOf } from "./secrets.ts";
import { resolve, type RunningPod } from "./services.ts";

const NETWORK = "muster-manifests";
const SUBNET = "10.89.77.0/24";
const NAME_SERVER = "10.89.77.1";
const READY_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 500;

export class Cluster implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #manifests: readonly Manifest[];
  readonly #pods: readonly Pod[];
  readonly #running = new Map<
    string,
    { pod: Pod; address: string; isReady: boolean; failures: number; askAt: number }
  >();
  readonly #stop = new AbortController();
  #names: NameServer | undefined;
  #watching: Promise<void> = Promise.resolve();
  /** The ingress, on loopback. */
  readonly url: string;

  private constructor(engine: Engine, manifests: readonly Manifest[], port: number) {
    this.#engine = engine;
    this.#manifests = manifests;
    this.#pods = podsOf(manifests, secretsOf(SERVICES, engine.folder), engine.folder);
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts every pod in the order in which the manifests have them, and waits for none. */
  static async start(engine: Engine, manifests: readonly Manifest[]): Promise<Cluster> {
    const cluster = new Cluster(engine, manifests, await freePort());
    await cluster.#removeAll();
    await engine.podman(["network", "create", "--disable-dns", "--subnet", SUBNET, NETWORK]);
    try {
      // Its address is the bridge's, which is there as soon as a container is.
      for (const pod of cluster.#pods) await cluster.#startPod(pod);
    } catch (err) {
      await cluster[Symbol.asyncDispose]();
      throw err;
    }
    cluster.#watching = cluster.#watch();
    return cluster;
  }

  pods(): readonly RunningPod[] {
    return [...this.#running.values()];
  }

  /** @throws Error with the pods that are not, and the end of what they said */
  async untilReady(): Promise<void> {
    const waiting = (): RunningPod[] => this.pods().filter(({ pod, isReady }) => !pod.ends && !isReady);
    try {
      await until(
        () =>
          waiting().length === 0
            ? undefined
            : `not ready: ${waiting()
                .map(({ pod }) => pod.name)
                .join(", ")}`,
        READY_WITHIN_MS,
      );
    } catch (err) {
      for (const { pod } of waiting()) console.log(`${pod.name}:\n${await this.#logOf(pod)}`);
      throw err;
    }
  }

  /** Out of its Services, its preStop, SIGTERM, its grace period: as a deployment takes a pod away. */
  async removePod(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (!running) throw new Error(`no pod ${name}`);
    this.#running.delete(name);
    const { pod } = running;
    if (pod.preStop) await this.#engine.podman(["exec", containerOf(pod), ...pod.preStop]);
    await this.#engine.remove(containerOf(pod), pod.graceS);
  }

  async startPod(name: string): Promise<void> {
    await this.#startPod(this.#pods.find((pod) => pod.name === name) as Pod);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#names?.[Symbol.asyncDispose]();
    await this.#removeAll();
  }

  async #startPod(pod: Pod): Promise<void> {
    const name = containerOf(pod);
    const published = pod.name.startsWith("ingress-")
      ? ["--publish", `${new URL(this.url).host}:${pod.ports["http"]}`]
      : [];
    await this.#engine.run({
      name,
      image: pod.image.includes("/") ? `docker.io/${pod.image}` : `docker.io/library/${pod.image}`,
      network: NETWORK,
      options: [...pod.options, ...published, "--dns", NAME_SERVER, "--dns-search", "muster.svc.cluster.local"],
      args: pod.args,
    });
    this.#names ??= await NameServer.start(NAME_SERVER, 53, (asked) => resolve(asked, this.#manifests, this.pods()));
    const address = await this.#engine.addressOf(name);
    this.#running.set(pod.name, { pod, address, isReady: false, failures: 0, askAt: 0 });
  }

  /** As kubelets do: each readiness probe in its period. A pod that had to be started anew has another address. */
  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await Promise.all([...this.#running.values()].map((running) => this.#look(running)));
      await sleep(LOOK_EVERY_MS, this.#stop.signal);
    }
  }

  async #look(running: {
    pod: Pod;
    address: string;
    isReady: boolean;
    failures: number;
    askAt: number;
  }): Promise<void> {
    const { pod } = running;
    if (pod.ends || performance.now() < running.askAt) return;
    running.askAt = performance.now() + (running.isReady ? (pod.readiness?.periodSeconds ?? 10) * 1000 : 0);
    running.address = (await this.#engine.addressOf(containerOf(pod)).catch(() => "")) || running.address;
    const answered = await probe(pod, running.address);
    running.failures = answered ? 0 : running.failures + 1;
    if (answered) running.isReady = true;
    else if (running.failures >= (pod.readiness?.failureThreshold ?? 3)) running.isReady = false;
  }

  async #logOf(pod: Pod): Promise<string> {
    return this.#engine.podman(["logs", "--tail", "10", containerOf(pod)]).catch(String);
  }

  async #removeAll(): Promise<void> {
    for (const pod of this.#pods) await this.#engine.remove(containerOf(pod));
    if (await this.#engine.exists("network", NETWORK)) await this.#engine.podman(["network", "rm", "--force", NETWORK]);
  }
}

function containerOf(pod: Pod): string {
  return `muster-manifests-${pod.name}`;
}
