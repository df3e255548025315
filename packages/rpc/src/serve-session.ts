// The server's side of a session: see open-session.ts.
import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageQueue } from "./message-queue.ts";

/** A message of a session's contract: one of several kinds, of which the first is hello. */
interface SessionMessage {
  readonly message: { readonly case: string | undefined; readonly value?: unknown };
}

export type Hello<In extends SessionMessage> = Extract<In["message"], { readonly case: "hello" }>["value"];
/** What may follow it. */
export type AfterHello<In extends SessionMessage> = Exclude<
  In["message"],
  { readonly case: "hello" } | { readonly case: undefined }
>;

export interface ServedSession<In extends SessionMessage, Out> {
  /** All that the peer is told, in order. Closing it ends the session. */
  readonly out: MessageQueue<Out>;
  /** What it throws ends the session. */
  readonly onMessage: (message: AfterHello<In>) => void;
  /** Once, however the session has ended. */
  readonly onEnd: () => void;
}

/**
 * Serves one session from its hello on. `accept` refuses a peer by throwing. It ends when the peer is gone, breaks the protocol or does not
 * read, or when `out` is closed.
 */
export async function* serveSession<In extends SessionMessage, Out>(
  messages: AsyncIterable<In>,
  accept: (hello: Hello<In>) => ServedSession<In, Out>,
): AsyncGenerator<Out> {
  const incoming = messages[Symbol.asyncIterator]();
  const first = (await incoming.next()) as IteratorResult<In, undefined>;
  if (first.value?.message.case !== "hello") throw new ConnectError("the first message is hello", Code.InvalidArgument);
  const { out, onMessage, onEnd } = accept(first.value.message.value as Hello<In>);
  readUntilOver(incoming, out, onMessage);
  let isOver = false;
  const end = (): void => {
    out.close();
    if (isOver) return;
    isOver = true;
    onEnd();
  };
  // Not left to the loop below: it stands still at a message that the peer does not read.
  out.whenClosed.then(end, end);
  try {
    yield* out;
  } finally {
    end();
  }
}

/**
 * Reads beside the sending side and ends it when the peer is gone or breaks the protocol. Not awaited: a read that waits for a peer
 * that says nothing more would keep the stream open for ever.
 */
function readUntilOver<In extends SessionMessage>(
  incoming: AsyncIterator<In>,
  out: MessageQueue<unknown>,
  onMessage: (message: AfterHello<In>) => void,
): void {
  const read = async (): Promise<void> => {
    for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
      const { message } = next.value;
      // After its end nothing is done for it any more, though a peer that does not read may go on talking.
      if (out.closed || message.case === undefined || message.case === "hello") return;
      onMessage(message as AfterHello<In>);
    }
  };
  const over = (): void => out.close();
  read().then(over, over);
}
