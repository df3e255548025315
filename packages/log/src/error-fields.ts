const STACK_CHARS_MAX = 4000;
const CAUSES_MAX = 5;

/** An error as a line shows it. A refusal or a fault with a code is expected: its code and causes tell all, a stack nothing. */
export function errorFields(err: unknown): unknown {
  if (!(err instanceof Error)) return err;
  const causes: string[] = [];
  let unexpected: Error | undefined = isExpected(err) ? undefined : err;
  for (let at = err.cause; at instanceof Error && causes.length < CAUSES_MAX; at = at.cause)
    causes.push(`${at.name}: ${at.message}`);
  // A bug that travels as "internal": the stack is that of the cause.
  if (!unexpected && (err as { code?: unknown }).code === "internal" && err.cause instanceof Error)
    unexpected = err.cause;
  const { code } = err as { code?: unknown };
  return {
    type: err.name,
    message: err.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(causes.length > 0 ? { causes } : {}),
    ...(unexpected?.stack ? { stack: unexpected.stack.slice(0, STACK_CHARS_MAX) } : {}),
  };
}

function isExpected(err: Error): boolean {
  return err.name === "AppError" || err.name === "ConnectError";
}
