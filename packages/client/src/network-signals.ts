// What a browser says about its network: then there is no point in waiting any longer.

/** Calls it when the network is there again, or the page is looked at again. @returns a function that ends it */
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
