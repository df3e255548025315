import type { Logger } from "@muster/log";
import { retryForever } from "@muster/runtime";
import { type BaseOptions, Admin as LibraryAdmin } from "@platformatic/kafka";
import { atMost } from "./at-most.ts";
import { brokerError } from "./platformatic-calls.ts";
import { Membership } from "./platformatic-membership.ts";
import { Reading } from "./platformatic-reading.ts";
import { GOODBYE_MS, SESSION_MS } from "./consumer-defaults.ts";
import type { Consumer, ConsumerOptions } from "./port.ts";

const REJOIN_MS_MAX = 5000;

export class PlatformaticConsumer implements Consumer {
  readonly name: string;
  readonly #base: BaseOptions;
  readonly #options: ConsumerOptions;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #assigned: readonly string[] | undefined;
  #memberId = "";

  constructor(base: BaseOptions, options: ConsumerOptions, log: Logger) {
    this.name = `consumer ${options.group}`;
    this.#base = base;
    this.#options = options;
    this.#log = log;
  }

  async start(): Promise<void> {
    this.#running = retryForever(() => this.#member(), {
      name: this.name,
      stop: this.#stop.signal,
      log: this.#log,
      maxDelayMs: REJOIN_MS_MAX,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  assigned(): readonly string[] | undefined {
    return this.#assigned;
  }

  /** A member of the group until it is to stop, from one rebalance to the next. @throws BrokerError when it cannot join */
  async #member(): Promise<void> {
    const { group, topics, sessionMs = SESSION_MS } = this.#options;
    const { signal: stop } = this.#stop;
    const base = { ...this.#base, retries: 0 }; // the loops here try again, and know when not to
    const client = new LibraryAdmin(base);
    const membership = new Membership(client, base, this.#memberId, { group, topics, sessionMs, stop, log: this.#log });
    const onStop = (): void => void membership.close();
    stop.addEventListener("abort", onStop, { once: true });
    try {
      await client.metadata({ topics: [...topics] }); // all of them exist
      while (!stop.aborted) {
        const generation = await membership.join();
        const reading = new Reading({
          client,
          base,
          membership,
          generation,
          stop,
          options: this.#options,
          log: this.#log,
        });
        this.#assigned = reading.partitions;
        await reading.run().finally(() => {
          this.#assigned = undefined;
        });
      }
    } catch (err) {
      throw brokerError(err);
    } finally {
      stop.removeEventListener("abort", onStop);
      if (stop.aborted) await atMost(GOODBYE_MS, membership.leave());
      this.#memberId = membership.memberId;
      await atMost(GOODBYE_MS, membership.close());
      const closing = client.close().catch((err: unknown) => this.#log.debug({ err }, `${this.name} did not close`));
      await atMost(GOODBYE_MS, closing);
    }
  }
}
