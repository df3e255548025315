// Whether an operator may do what another service than identity-service will do, and the entry in the audit log that says so.
import { must } from "@muster/errors";
import type { OperatorOperationId } from "@muster/contracts/operations";
import type { Call, Clients, OperationId } from "./handler.ts";

type Caller = Pick<Call<OperationId>, "caller">;

export function actorOf({ caller }: Caller): string {
  return must(caller, "secured").playerId;
}

/** @throws AppError not_allowed, player_not_found: the latter for what is done to a player of a lower role */
export async function permit(
  call: Caller,
  operation: OperatorOperationId,
  { identity }: Clients,
  target = "",
): Promise<void> {
  await identity.authorizeOperation({ actorId: actorOf(call), operation, target });
}

export interface Order<T = unknown> {
  readonly operation: OperatorOperationId;
  readonly target: string;
  readonly reason: string;
  /** Whether it can be done; throws if not. */
  readonly check: () => Promise<unknown>;
  readonly act: () => Promise<T>;
}

/**
 * The permission first, whatever the target is; then whether it can be done, so that only what will be done is recorded; then the entry, because an
 * order without its effect can be read in the log, and an effect without its order could not.
 */
export async function ordered<T>(call: Caller, order: Order<T>, clients: Clients): Promise<T> {
  const { operation, target, reason, check, act } = order;
  await permit(call, operation, clients, target);
  await check();
  await record(call, { operation, target, reason }, clients);
  return act();
}

/** The entry alone, by who has been permitted: it is about to be done. */
export async function record(
  call: Caller,
  { operation, target, reason }: Pick<Order, "operation" | "target" | "reason">,
  { identity }: Clients,
): Promise<void> {
  await identity.authorizeOperation({ actorId: actorOf(call), operation, target, reason, record: true });
}

export async function carryOut(call: Caller, order: Order, clients: Clients): Promise<{ readonly status: 204 }> {
  await ordered(call, order, clients);
  return { status: 204 };
}
