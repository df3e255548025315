// The client's side of a session: a bidirectional stream that is kept open for as long as the process runs.
import type { Logger } from "@muster/log";
import { SESSION_DELAYS } from "@muster/resilience";
import { type Component, retryForever } from "@muster/runtime";
import { MessageQueue } from "./message-queue.ts";

export interface SessionOptions<Out, In> {
  /** As the log and `check` call it: "session with the matchmaker". */
  readonly name: string;
  readonly log: Logger;
  /** Opens a stream: a call of the contract. Asked anew for each one, so that several instances can take turns. */
  readonly open: (messages: AsyncIterable<Out>, options: { readonly signal: AbortSignal }) => AsyncIterable<In>;
  /** Messages that wait to be sent. Policy at the limit: a peer that does not read is given up, and the session opened anew. */
  readonly queueMax: number;
  /** The first message of each stream. */
  readonly hello: () => Out;
  /** What is said behind hello on each stream. @returns what is done when that stream has ended */
  readonly onOpen?: () => (() => void) | undefined;
  /** The peer's answer to hello. Without it the session counts as there once its stream is opened. */
  readonly isWelcome?: (message: In) => boolean;
  /** What it throws ends the stream, and the session is opened anew. */
  readonly onMessage: (message: In) => void;
}

export interface OpenSession<Out> extends Component {
  /** There is a stream, and its peer has said welcome where it does so. */
  readonly isOpen: boolean;
  /** Of a readiness or peer check. */
  check(): string | undefined;
  /** False when there is no stream, or its peer does not read: the message is lost. */
  send(message: Out): boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A session that comes back by itself, with growing delays, until it is stopped. What has to outlast a stream is its user's to say
 * again. It has no heartbeats of its own: the connection's pings find a peer that is dead or stands still (see connection.ts), and the stream ends.
 */
export function openSession<Out, In>(options: SessionOptions<Out, In>): OpenSession<Out> {
  const { name, log, isWelcome } = options;
  const stop = new AbortController();
  let stream: { readonly queue: MessageQueue<Out>; readonly end: AbortController; welcome: boolean } | undefined;
  let running: Promise<void> | undefined;

  const send = (message: Out): boolean => {
    if (!stream) return false;
    const sent = stream.queue.push(message);
    if (!sent) stream.end.abort(new Error(`the peer does not read: ${options.queueMax} messages wait`));
    return sent;
  };

  const session = async (): Promise<void> => {
    const own = { queue: new MessageQueue<Out>(options.queueMax), end: new AbortController(), welcome: !isWelcome };
    own.queue.push(options.hello());
    stream = own;
    let onEnd: (() => void) | undefined;
    try {
      onEnd = options.onOpen?.();
      for await (const message of options.open(own.queue, { signal: AbortSignal.any([stop.signal, own.end.signal]) })) {
        if (!own.welcome && isWelcome?.(message)) own.welcome = true;
        options.onMessage(message);
      }
    } finally {
      stream = undefined;
      own.queue.close();
      onEnd?.();
    }
  };

  const isOpen = (): boolean => stream !== undefined && stream.welcome && !stream.queue.closed;
  return {
    name,
    get isOpen() {
      return isOpen();
    },
    check: () => (isOpen() ? undefined : `no ${name}`),
    send,
    async start() {
      const { firstMs: firstDelayMs, maxMs: maxDelayMs } = SESSION_DELAYS;
      running = retryForever(session, { name, stop: stop.signal, log, firstDelayMs, maxDelayMs });
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}
