import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { HonestActivity, Observation } from "./activity.ts";
import type { Answer, Order } from "./main.ts";

const MAIN = path.join(import.meta.dirname, "main.ts");

/** The honest players of one target, in a process of their own. */
export class HonestProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(url: string) {
    this.#child = fork(MAIN, [url]);
  }

  async start(activity: HonestActivity): Promise<void> {
    await this.#ask({ do: "start", activity });
  }

  /** What happens to the players during `work`. */
  async during(work: () => Promise<unknown>): Promise<Observation> {
    await this.#ask({ do: "begin" });
    await work();
    const { observation } = await this.#ask({ do: "observe" });
    if (!observation) throw new Error("the honest players are not running");
    return observation;
  }

  async stop(): Promise<void> {
    await this.#ask({ do: "stop" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || !this.#child.connected) return;
    const gone = once(this.#child, "exit");
    this.#child.disconnect();
    await gone;
  }

  async #ask(order: Order): Promise<{ readonly observation?: Observation }> {
    const gone = new AbortController();
    const died = once(this.#child, "exit", { signal: gone.signal }).then(
      () => ({ failed: "their process has exited" }),
      () => ({ failed: "asked for the answer only" }),
    );
    const heard = once(this.#child, "message").then(([answer]) => answer as Answer);
    this.#child.send(order);
    const answer: Answer = await Promise.race([heard, died]);
    gone.abort();
    if ("failed" in answer) throw new Error(`the honest players could not ${order.do}: ${answer.failed}`);
    return answer;
  }
}
