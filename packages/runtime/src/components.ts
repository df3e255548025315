/** Something long-lived with an owner. Components start in order and stop in reverse order. */
export interface Component {
  readonly name: string;
  start?(): Promise<void>;
  /** Bounded by the caller: see runProcess of packages/service. */
  stop?(): Promise<void>;
}

/** What `createApp` of every service returns. */
export interface App extends AsyncDisposable {
  /** In the order in which they start. */
  readonly components: readonly string[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A process: its components, inside its admin server. That one is there before the first of them starts, and until the last has
 * stopped: a start that hangs and a drain that takes minutes can be watched. `serving` is first to stop, so that nobody is
 * sent here any more before anything else ends.
 */
export function composeProcess(
  admin: Component & { readonly serving: Component },
  components: readonly Component[],
): App {
  return compose([admin, ...components, admin.serving]);
}

/**
 * Joins components into an app. When a component fails to start, those before it are stopped again. Every component is stopped,
 * even when another fails to; the failures come together.
 */
export function compose(components: readonly Component[]): App {
  const started: Component[] = [];
  let stopping: Promise<void> | undefined;
  const app: App = {
    components: components.map(({ name }) => name),
    async start() {
      for (const component of components) {
        if (stopping) throw new Error(`stopped before ${component.name} was started`);
        started.push(component);
        try {
          await component.start?.();
        } catch (err) {
          started.pop();
          await app.stop();
          throw new Error(`${component.name} did not start`, { cause: err });
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

async function stopAll(started: readonly Component[]): Promise<void> {
  const failures: unknown[] = [];
  for (const component of started.toReversed()) {
    try {
      await component.stop?.();
    } catch (err) {
      failures.push(new Error(`${component.name} did not stop`, { cause: err }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "some components did not stop");
}
