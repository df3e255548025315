import { clientDuty, DISCONNECTS } from "@muster/realtime";

/**
 * A refusal or a failure, with a code from the contract's error tables. The SDK adds codes of its own: `network` (no answer, or an answer that
 * did not come from Muster: the message says which), `timeout`, `closed`, `unsupported` (the platform lacks a feature), `bad_url`, and
 * `wrong_game`, `wrong_layout`, `wrong_build` (the match does not play the game that this client was given).
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

/** Close codes after which the client needs a new access token. */
export const TOKEN_ENDED: ReadonlySet<number> = new Set([DISCONNECTS.tokenExpired.code, DISCONNECTS.sessionEnded.code]);

/** Codes with which a join with a valid ticket can be refused. */
export const SEATLESS: ReadonlySet<string> = new Set(
  "match_not_found match_over stale_epoch shard_unavailable not_in_match".split(" "),
);

const HOPELESS: ReadonlySet<string> = new Set(["unauthenticated", "bad_refresh_token", "unsupported", "bad_url"]);

/**
 * Whether a retry is pointless: there is no session, the platform or the URL is unusable, the close code forbids it, or the error is
 * not about the connection.
 */
export function isHopeless(err: unknown): boolean {
  if (!(err instanceof MusterError)) return true;
  return HOPELESS.has(err.code) || (err.code === "closed" && clientDuty(err.status) === "stop");
}
