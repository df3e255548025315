import type { components } from "@muster/contracts/openapi/edge/v1";
import { clientDuty, DISCONNECTS, type RealtimeErrorCode } from "@muster/realtime";

/** Codes that only the SDK gives. */
export type SdkErrorCode =
  /** No answer, or one that did not come from Muster: the message says which. */
  | "network"
  | "timeout"
  | "closed"
  /** The player left the queue. */
  | "cancelled"
  /** The platform lacks a feature. */
  | "unsupported"
  | "bad_url"
  /** The match does not play the game that this client was given. */
  | "wrong_game"
  | "wrong_layout"
  | "wrong_build";

/** Every code that this version knows: of the REST contract, of the realtime contract, and of the SDK. */
export type MusterErrorCode = components["schemas"]["ErrorCode"] | RealtimeErrorCode | SdkErrorCode;

/** A refusal or a failure. Decide by `code`; the message is for people. */
export class MusterError extends Error {
  override readonly name = "MusterError";
  /** A newer server may have codes that this version does not know. */
  readonly code: MusterErrorCode | (string & {});
  /** HTTP status, WebSocket close code, or 0. */
  readonly status: number;
  readonly traceId: string;
  /** Of the error table; `retryAfterMs`: when a further try makes sense, if the server says so. */
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
