import { clientDuty, DISCONNECTS } from "@muster/realtime";

/**
 * A refusal or a failure, by the code of the contract's table. Codes of this SDK itself: `network` (no answer, or one that is not Muster's:
 * the message says which), `timeout`, `closed`, `unsupported` (the platform lacks something), `bad_url`, and `wrong_game`,
 * `wrong_layout`, `wrong_build` (the match is not of the game that it was to be read as).
 */
export class MusterError extends Error {
  override readonly name = "MusterError";
  readonly code: string;
  /** HTTP status, WebSocket close code, or 0. */
  readonly status: number;
  readonly traceId: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: string,
    message: string,
    more: {
      status?: number;
      traceId?: string;
      details?: Readonly<Record<string, unknown>> | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.status = more.status ?? 0;
    this.traceId = more.traceId ?? "";
    this.details = more.details;
  }
}

/** A fresh token is needed before the next try. */
export const TOKEN_ENDED: ReadonlySet<number> = new Set([DISCONNECTS.tokenExpired.code, DISCONNECTS.sessionEnded.code]);

const HOPELESS: ReadonlySet<string> = new Set(["unauthenticated", "bad_refresh_token", "unsupported", "bad_url"]);

/**
 * Another try would end the same: no session to connect with, nothing to connect by, a close code that says so, or a fault that is
 * not about the connection at all.
 */
export function isHopeless(err: unknown): boolean {
  if (!(err instanceof MusterError)) return true;
  return HOPELESS.has(err.code) || (err.code === "closed" && clientDuty(err.status) === "stop");
}
