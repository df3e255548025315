// The driver protocol: what the runner tells the client under test to do, and what that says came of it. tools/conformance/README.md
import type { WebSocket } from "ws";
import { Inbox, within } from "../expect.ts";

export interface Answer {
  readonly [name: string]: unknown;
}

export interface DriverEvent extends Answer {
  readonly event: string;
}

/** The client's answer to a command: it could not, and the code says why. */
export class RefusedError extends Error {
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(code: string, retryAfterMs: number) {
    super(code);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export class Driver {
  readonly events: Inbox<DriverEvent> = new Inbox();
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #withinMs: number;
  readonly #waiting = new Map<number, { resolve(answer: Answer): void; reject(err: Error): void }>();
  #id = 0;

  constructor(socket: WebSocket, withinMs: number) {
    this.#socket = socket;
    this.#withinMs = withinMs;
    socket.on("message", (data: Buffer) => this.#take(JSON.parse(data.toString()) as Answer));
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const { reject } of this.#waiting.values()) reject(new Error("the client under test left /driver"));
        resolve();
      });
    });
  }

  /** @throws RefusedError */
  do(command: string, more: object = {}): Promise<Answer> {
    const id = ++this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, { resolve, reject });
    this.#socket.send(JSON.stringify({ id, do: command, ...more }));
    const answer = within(this.#withinMs, promise, `answer to the driver's ${command}`);
    answer.catch(() => undefined); // a check may fail before it awaits this
    return answer;
  }

  /** The code with which the client answers. */
  refusal(doing: Promise<Answer>): Promise<RefusedError> {
    const refused = doing.then(
      (answer) => {
        throw new Error(`the client says ok: ${JSON.stringify(answer)}`);
      },
      (err: unknown) => {
        if (err instanceof RefusedError) return err;
        throw err;
      },
    );
    refused.catch(() => undefined);
    return refused;
  }

  async event(name: string, wanted: (event: DriverEvent) => boolean = () => true): Promise<DriverEvent> {
    return this.events.take(this.#withinMs, `event ${name}`, (one) => one.event === name && wanted(one));
  }

  /** What the client said of the last check. */
  forget(): void {
    this.events.clear();
  }

  #take(message: Answer): void {
    if (typeof message["event"] === "string") return this.events.add(message as DriverEvent);
    const waiter = this.#waiting.get(message["id"] as number);
    this.#waiting.delete(message["id"] as number);
    if (typeof message["error"] === "string")
      waiter?.reject(new RefusedError(message["error"], Number(message["retryAfterMs"] ?? 0)));
    else waiter?.resolve((message["ok"] ?? {}) as Answer);
  }
}
