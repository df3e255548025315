import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { RatingService } from "@muster/contracts/rating/v2";
import type { Database } from "@muster/db";
import { fail } from "./errors.ts";
import type { Tables } from "./schema.ts";
import { findEntry, upsertEntry } from "./store.ts";

interface RpcParts {
  readonly db: Database<Tables>;
  readonly now: () => Date;
}

export function ratingRpc({ db, now }: RpcParts): ServiceImpl<typeof RatingService> {
  return {
    async putEntry({ entryId, text }) {
      await upsertEntry(db, { id: entryId, text, written_at: now() });
      return {};
    },
    async getEntry({ entryId }) {
      const entry = await findEntry(db, entryId);
      if (!entry) throw fail("entry_not_found");
      return { entry: { entryId: entry.id, text: entry.text, writtenAt: timestampFromDate(entry.written_at) } };
    },
  };
}
