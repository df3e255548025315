/** Waits until `check` returns nothing; what it returns is the reason why it is not yet so. */
export async function until(
  check: () => string | undefined | Promise<string | undefined>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let reason = await check(); reason !== undefined; reason = await check()) {
    if (performance.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
