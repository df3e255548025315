import { createHmac, timingSafeEqual } from "node:crypto";
import { keysOf } from "@muster/config";
import type { AuditRow } from "./entry.ts";

const KEY_ID_DIGITS = 16;

export type Seal = Pick<AuditRow, "key_id" | "seal">;

/** What is known of a row's seal. `wrong`: its key is known, and did not make it. */
export type SealState = "sealed" | "none" | "half" | "unknown key" | "wrong";

export interface Sealer {
  /** Of the key that seals from now on. */
  readonly keyId: string;
  /** Of all keys that are accepted. */
  readonly keyIds: readonly string[];
  seal(hash: Buffer): Seal;
  stateOf(row: Pick<AuditRow, "hash" | "key_id" | "seal">): SealState;
}

/**
 * @param log the log's name: an entry of one log is no entry of another one under the same key
 * @param keys as the configuration has them (`keys` of @muster/config): the first one seals, all are accepted
 */
export function createSealer(log: string, keys: string): Sealer {
  const [first, ...others] = keysOf(keys);
  const byId = new Map([first, ...others].map((key) => [keyIdOf(key), key]));
  const keyId = keyIdOf(first);
  const make = (key: Buffer, hash: Buffer): Buffer =>
    createHmac("sha256", key)
      .update(JSON.stringify(["muster audit seal 1", log, hash.toString("hex")]))
      .digest();
  return {
    keyId,
    keyIds: [...byId.keys()],
    seal: (hash) => ({ key_id: keyId, seal: make(first, hash) }),
    stateOf({ hash, key_id: id, seal }) {
      if (id === null && seal === null) return "none";
      if (id === null || seal === null) return "half";
      const key = byId.get(id);
      if (!key) return "unknown key";
      const wanted = make(key, hash);
      return seal.length === wanted.length && timingSafeEqual(seal, wanted) ? "sealed" : "wrong";
    },
  };
}

/** Follows from the key, and gives nothing away of it. */
function keyIdOf(key: Buffer): string {
  return createHmac("sha256", key).update("muster audit key id").digest("hex").slice(0, KEY_ID_DIGITS);
}
