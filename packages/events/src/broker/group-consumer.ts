// What the consumers of both adapters do alike: they are members of their group again and again, until they are to stop.
import type { Logger } from "@muster/log";
import { retryForever } from "@muster/runtime";
import type { Consumer, ConsumerOptions } from "./port.ts";

const REJOIN_MS_MAX = 5000;

export abstract class GroupConsumer implements Consumer {
  readonly name: string;
  protected readonly options: ConsumerOptions;
  protected readonly log: Logger;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** As "topic/partition", in their order; undefined while it is in no generation of the group. */
  protected partitions: readonly string[] | undefined;

  constructor(options: ConsumerOptions, log: Logger) {
    this.name = `consumer ${options.group}`;
    this.options = options;
    this.log = log;
  }

  /** One membership, from joining to its loss or our leaving. @throws what ended it */
  protected abstract member(): Promise<void>;

  protected get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  async start(): Promise<void> {
    this.#running = retryForever(() => this.member(), {
      name: this.name,
      stop: this.#stop.signal,
      log: this.log,
      maxDelayMs: REJOIN_MS_MAX,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  assigned(): readonly string[] | undefined {
    return this.partitions;
  }
}
