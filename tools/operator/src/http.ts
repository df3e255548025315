import { OperatorError } from "./errors.ts";

export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
}

/** @throws OperatorError when there is no answer within that time */
export async function ask(url: string, withinMs: number, init: RequestInit = {}): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(withinMs) });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (err) {
    throw new OperatorError(`no answer at ${url}: ${reasonOf(err)}`);
  }
}

function reasonOf(err: unknown): string {
  const { message, cause } = err as Error;
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}
