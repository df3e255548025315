import type { Database } from "@muster/db";
import type { AccountQueues } from "../account-queues.ts";
import type { Audit } from "../audit.ts";
import type { NetworkQuota } from "../network-quota.ts";
import type { PasswordRules } from "../password-rules.ts";
import type { Passwords } from "../passwords.ts";
import type { Tables } from "../schema.ts";
import type { RevocationFeed } from "../revocation-feed.ts";
import type { Sessions } from "../sessions.ts";
import type { SigningKeys } from "../signing-keys.ts";
import type { Throttle } from "../throttle.ts";

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly passwords: Passwords;
  readonly passwordRules: PasswordRules;
  readonly reservedNames: readonly string[];
  readonly sessions: Sessions;
  readonly accountQueues: AccountQueues;
  readonly throttle: Throttle;
  readonly newAccounts: NetworkQuota;
  readonly newReports: NetworkQuota;
  readonly keys: SigningKeys;
  readonly revocationFeed: RevocationFeed;
  readonly audit: Audit;
  readonly now: () => Date;
}
