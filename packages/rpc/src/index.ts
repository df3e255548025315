export { type CallBudget, remainingBudgetMs, withBudget } from "@muster/runtime";
export { createRpcClient, type RpcClient, type RpcClientOptions } from "./client.ts";
export { canonicalId, type Canonicaliser, canonicaliserOf, isIdField } from "./canonical-ids.ts";
export { faultOf, toAppError, toConnectError } from "./errors.ts";
export { createRpcServer, type RpcServer, type RpcServerOptions } from "./server.ts";
export { MessageQueue } from "./message-queue.ts";
export { countFitting } from "./pages.ts";
export { failoverClient } from "./failover-client.ts";
