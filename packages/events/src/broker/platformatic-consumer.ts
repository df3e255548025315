import type { Logger } from "@muster/log";
import { type BaseOptions, Admin as LibraryAdmin } from "@platformatic/kafka";
import { atMost } from "./at-most.ts";
import { brokerError } from "./platformatic-calls.ts";
import { Membership } from "./platformatic-membership.ts";
import { Reading } from "./platformatic-reading.ts";
import { GOODBYE_MS, SESSION_MS } from "./consumer-defaults.ts";
import { GroupConsumer } from "./group-consumer.ts";
import type { ConsumerOptions } from "./port.ts";

export class PlatformaticConsumer extends GroupConsumer {
  readonly #base: BaseOptions;
  #memberId = "";

  constructor(base: BaseOptions, options: ConsumerOptions, log: Logger) {
    super(options, log);
    this.#base = base;
  }

  /** A member of the group until it is to stop, from one rebalance to the next. @throws BrokerError when it cannot join */
  protected async member(): Promise<void> {
    const { group, topics, sessionMs = SESSION_MS } = this.options;
    const stop = this.stopping;
    const base = { ...this.#base, retries: 0 }; // the loops here try again, and know when not to
    const client = new LibraryAdmin(base);
    const membership = new Membership(client, base, this.#memberId, { group, topics, sessionMs, stop, log: this.log });
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
          options: this.options,
          log: this.log,
        });
        this.partitions = reading.partitions;
        await reading.run().finally(() => {
          this.partitions = undefined;
        });
      }
    } catch (err) {
      throw brokerError(err);
    } finally {
      stop.removeEventListener("abort", onStop);
      if (stop.aborted) await atMost(GOODBYE_MS, membership.leave());
      this.#memberId = membership.memberId;
      await atMost(GOODBYE_MS, membership.close());
      const closing = client.close().catch((err: unknown) => this.log.debug({ err }, `${this.name} did not close`));
      await atMost(GOODBYE_MS, closing);
    }
  }
}
