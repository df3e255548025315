/** Something long-lived with an owner. Parts start in order and stop in reverse order. */
export interface AppPart {
  readonly name: string;
  start?(): Promise<void>;
  /** Bounded by the caller: see runProcess. */
  stop?(): Promise<void>;
}

/** What `createApp` of every service returns. */
export interface App extends AsyncDisposable {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Joins parts into an app. When a part fails to start, those before it are stopped again. Every part is stopped,
 * even when another fails to; the failures come together.
 */
export function compose(parts: readonly AppPart[]): App {
  const started: AppPart[] = [];
  let stopping: Promise<void> | undefined;
  const app: App = {
    async start() {
      for (const part of parts) {
        if (stopping) throw new Error(`stopped before ${part.name} was started`);
        started.push(part);
        try {
          await part.start?.();
        } catch (err) {
          started.pop();
          await app.stop();
          throw new Error(`${part.name} did not start`, { cause: err });
        }
      }
    },
    stop() {
      stopping ??= stopAll(started);
      return stopping;
    },
    [Symbol.asyncDispose]: () => app.stop(),
  };
  return app;
}

async function stopAll(started: readonly AppPart[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of started.toReversed()) {
    try {
      await part.stop?.();
    } catch (err) {
      failures.push(new Error(`${part.name} did not stop`, { cause: err }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "some parts did not stop");
}
