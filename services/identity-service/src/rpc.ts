import type { ServiceImpl } from "@connectrpc/connect";
import type { IdentityService } from "@muster/contracts/identity/v2";
import { accountAdminRpcs } from "./rpc/account-admin.ts";
import { accountRpcs } from "./rpc/accounts.ts";
import { adminRpcs } from "./rpc/admin.ts";
import { deviceRpcs } from "./rpc/devices.ts";
import { idempotencyRpcs } from "./rpc/idempotency.ts";
import type { RpcParts } from "./rpc/parts.ts";
import { reportRpcs } from "./rpc/reports.ts";
import { upgradeRpcs } from "./rpc/upgrade.ts";

export function identityRpc(parts: RpcParts): ServiceImpl<typeof IdentityService> {
  return {
    ...accountRpcs(parts),
    ...upgradeRpcs(parts),
    ...deviceRpcs(parts),
    ...adminRpcs(parts),
    ...accountAdminRpcs(parts),
    ...reportRpcs(parts),
    ...idempotencyRpcs(parts),
  };
}
