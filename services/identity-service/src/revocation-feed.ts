// What the verifiers of access tokens poll for: the valid keys, and what was revoked since their previous request.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { GetTrustResponseSchema } from "@muster/contracts/identity/v2";
import { type Database, Tail } from "@muster/db";
import type { Tables } from "./schema.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { listRevocations } from "./store/sessions.ts";

const REVOCATIONS_MAX = 2000;

export interface RevocationFeedOptions {
  readonly db: Database<Tables>;
  readonly keys: Pick<SigningKeys, "jwks">;
  readonly now: () => Date;
}

export class RevocationFeed {
  readonly #options: RevocationFeedOptions;
  /** Only for how far the table is settled: a verifier's next answer starts there, whichever instance gives it. */
  readonly #tail: Tail<Tables>;
  #reading: Promise<void> | undefined;

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
    this.#tail = new Tail(options.db, {
      table: "revocations",
      columns: ["position"],
      pageRows: REVOCATIONS_MAX,
    });
  }

  /**
   * From a watermark on. The next watermark is where no revocation can appear any more, and what lies above it comes again: verifiers
   * take repeats for what they are.
   */
  async since(watermark: bigint): Promise<MessageInitShape<typeof GetTrustResponseSchema>> {
    const { db, keys, now } = this.#options;
    this.#reading ??= this.#readTail().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    const { settled } = this.#tail;
    // After the tail: whatever is settled has been committed, and is seen here.
    const revocations = await listRevocations(db, watermark, now(), REVOCATIONS_MAX);
    const last = revocations.length === REVOCATIONS_MAX ? revocations.at(-1)?.position : undefined;
    return {
      jwksJson: JSON.stringify(keys.jwks()),
      revocations: revocations.map(({ subject_kind, subject_id, revoked_at }) => ({
        subject:
          subject_kind === "family"
            ? { case: "familyId" as const, value: subject_id }
            : { case: "playerId" as const, value: subject_id },
        revokedAt: timestampFromDate(revoked_at),
      })),
      watermark: last !== undefined && last < settled ? last : settled,
    };
  }

  async #readTail(): Promise<void> {
    while ((await this.#tail.read()).length === REVOCATIONS_MAX);
  }
}
