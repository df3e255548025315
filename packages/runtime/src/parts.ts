/** Something long-lived with an owner. Parts start in order and stop in reverse order. */
export interface AppPart {
  readonly name: string;
  start?(): Promise<void>;
  /** Bounded by the caller: see runProcess of packages/service. */
  stop?(): Promise<void>;
}

/** What `createApp` of every service returns. */
export interface App extends AsyncDisposable {
  /** In the order in which they start. */
  readonly parts: readonly string[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A process: its parts, inside its admin server. That one is there before the first of them starts, and until the last has
 * stopped: a start that hangs and a drain that takes minutes can be watched. `serving` is first to stop, so that nobody is
 * sent here any more before anything else ends.
 */
export function composeProcess(admin: AppPart & { readonly serving: AppPart }, parts: readonly AppPart[]): App {
  return compose([admin, ...parts, admin.serving]);
}

/**
 * Joins parts into an app. When a part fails to start, those before it are stopped again. Every part is stopped,
 * even when another fails to; the failures come together.
 */
export function compose(parts: readonly AppPart[]): App {
  const started: AppPart[] = [];
  let stopping: Promise<void> | undefined;
  const app: App = {
    parts: parts.map(({ name }) => name),
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
