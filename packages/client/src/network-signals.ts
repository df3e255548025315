// Browser events that end the wait for the next reconnect: the network is back, or the page is visible again.

/** Calls back when the network is back or the page becomes visible. @returns a function that unsubscribes */
export function onNetworkBack(then: () => void, target: EventTarget | undefined = browserWindow()): () => void {
  const document = (target as { document?: EventTarget & { visibilityState?: string } } | undefined)?.document;
  const onVisible = (): void => {
    if (document?.visibilityState === "visible") then();
  };
  target?.addEventListener("online", then);
  document?.addEventListener("visibilitychange", onVisible);
  return () => {
    target?.removeEventListener("online", then);
    document?.removeEventListener("visibilitychange", onVisible);
  };
}

/** Undefined outside of browsers. */
function browserWindow(): EventTarget | undefined {
  const global = globalThis as unknown as EventTarget & { document?: unknown };
  return typeof global.addEventListener === "function" && global.document ? global : undefined;
}
