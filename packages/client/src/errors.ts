import { clientDuty, DISCONNECTS } from "@muster/realtime";

/** A refusal or a failure, by the code of the contract's table. Codes of this SDK itself: network, timeout, closed. */
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

/** Another try would end the same: no session to connect with, or a close code that says so. */
export function isHopeless({ code, status }: MusterError): boolean {
  return (
    code === "unauthenticated" || code === "bad_refresh_token" || (code === "closed" && clientDuty(status) === "stop")
  );
}
