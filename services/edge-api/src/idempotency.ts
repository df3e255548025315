// REST writes with an Idempotency-Key: carried out once, and answered again with what was answered first. identity-service keeps the keys, so that
// every replica of edge-api knows them: design/sre/v2.3-idempotency-and-database.md.
import { createHash, randomUUID } from "node:crypto";
import type { Client } from "@connectrpc/connect";
import type { ClaimIdempotencyKeyResponse, IdentityService } from "@muster/contracts/identity/v2";
import type { Logger } from "@muster/log";
import { currentBudget, type Metrics, withBudget } from "@muster/runtime";
import { Counter } from "prom-client";
import { answerTo, envelope, hasNoAnswer, Refusal } from "./errors.ts";
import { DO_WITHOUT } from "./without-key.ts";

export const REPLAYED_HEADER = "idempotent-replayed";

/** For a request that was carried out as its time ran out: its answer is stored all the same. */
const SETTLE_MS = 1000;

/** For a key that a write can do without: less than players wait for without noticing. */
const CLAIM_MS_MAX = 500;

export interface KeyedRequest {
  readonly playerId: string;
  readonly operationId: string;
  readonly key: string;
  /** Checked and brought into the contract's form, so that spellings do not matter. */
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A final answer; an empty body is none. */
export interface FinalAnswer {
  readonly status: number;
  readonly body: string;
}

export interface OnceParts {
  readonly identity: Pick<Client<typeof IdentityService>, "claimIdempotencyKey" | "settleIdempotencyKey">;
  /** How long a request may be under way. Its key is held for longer: nobody else begins before it has ended. */
  readonly deadlineMs: number;
  readonly known: ReadonlySet<string>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export type Once = (
  request: KeyedRequest,
  carryOut: () => Promise<FinalAnswer>,
) => Promise<FinalAnswer & { readonly replayed: boolean }>;

export function createOnce({ identity, deadlineMs, known, metrics, log }: OnceParts): Once {
  const requests = new Counter({
    name: "edge_idempotency_keys_total",
    help: "Requests with an Idempotency-Key, by what became of them",
    labelNames: ["outcome"],
    registers: [metrics],
  });
  return async (request, carryOut) => {
    const { playerId, operationId: operation, key } = request;
    const holder = randomUUID();
    const name = { playerId, operation, key, holder };
    const claim = { ...name, requestHash: hashOf(request), holdMs: deadlineMs + 2 * SETTLE_MS };
    const outcome = await (doesWithout(operation) ? claimOrNot(identity, claim) : claimed(identity, claim));
    if (outcome === undefined) {
      requests.inc({ outcome: "not asked" });
      return { ...(await carryOut()), replayed: false };
    }
    if (outcome.case !== "claimed") {
      requests.inc({ outcome: String(outcome.case) });
      return { ...answeredBefore(outcome), replayed: true };
    }
    const settle = async (answer: FinalAnswer | undefined): Promise<void> => {
      requests.inc({ outcome: answer ? "stored" : "freed" });
      const settling = (): Promise<unknown> => identity.settleIdempotencyKey(answer ? { ...name, answer } : name);
      try {
        await withBudget({ deadlineAt: performance.now() + SETTLE_MS, signal: NEVER }, settling);
      } catch (err) {
        log.warn({ err, operation }, "the answer to a request with an idempotency key was not stored");
      }
    };
    let answer: FinalAnswer;
    try {
      answer = await whoeverWaits(carryOut);
    } catch (thrown) {
      const refusal = answerTo(thrown, known);
      await settle(
        isFinal(refusal.status) ? { status: refusal.status, body: JSON.stringify(envelope(refusal)) } : undefined,
      );
      throw thrown;
    }
    await settle(answer);
    return { ...answer, replayed: false };
  };
}

type Claim = Parameters<OnceParts["identity"]["claimIdempotencyKey"]>[0];
type Outcome = ClaimIdempotencyKeyResponse["outcome"];

async function claimed(identity: OnceParts["identity"], claim: Claim, timeoutMs?: number): Promise<Outcome> {
  return (await identity.claimIdempotencyKey(claim, timeoutMs === undefined ? {} : { timeoutMs })).outcome;
}

/** @returns undefined when identity-service has no answer. A key that was kept all the same is free again after its hold. */
async function claimOrNot(identity: OnceParts["identity"], claim: Claim): Promise<Outcome | undefined> {
  try {
    return await claimed(identity, claim, CLAIM_MS_MAX);
  } catch (err) {
    if (hasNoAnswer(err)) return undefined;
    throw err;
  }
}

function doesWithout(operation: string): boolean {
  return (DO_WITHOUT as ReadonlySet<string>).has(operation);
}

const NEVER = new AbortController().signal;

/** A client that has gone will ask again: what it asked for is not given up half-way. Its deadline stays. */
function whoeverWaits<T>(work: () => Promise<T>): Promise<T> {
  const budget = currentBudget();
  return budget ? withBudget({ ...budget, signal: NEVER }, work) : work();
}

/** 401: whoever renews the token asks for the same again. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 429 && status !== 401;
}

function answeredBefore(outcome: Exclude<ClaimIdempotencyKeyResponse["outcome"], { case: "claimed" }>): FinalAnswer {
  switch (outcome.case) {
    case "answered":
      return outcome.value;
    case "inFlight": {
      const retryAfterS = 1;
      const message = "The first request with this Idempotency-Key is still under way.";
      const answer = { status: 409, code: "request_in_flight", message, details: { retryAfterS } };
      throw new Refusal(answer, { "retry-after": String(retryAfterS) });
    }
    case "anotherRequest": {
      const message = "This Idempotency-Key was used with another request.";
      throw new Refusal({ status: 422, code: "key_reused", message }, {});
    }
    case undefined:
      throw new Error("identity-service did not say what the key is");
    default:
      return outcome satisfies never;
  }
}

function hashOf({ operationId, params, query, body }: KeyedRequest): Uint8Array {
  return createHash("sha256")
    .update(JSON.stringify([operationId, params, query, body], sorted))
    .digest();
}

/** The order in which an object was written says nothing. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
