// The audit log's chain, computed again: each entry's hash is over the hash before it and the entry's fields (packages/audit). The seals need a
// key that no browser gets. No I/O: entries are passed in.
import type { Schemas } from "./api.ts";

export type AuditEntry = Schemas["AuditPage"]["entries"][number];

export type ChainResult =
  | { readonly intact: true; readonly entries: number }
  /** `missing`: an entry before it is not there; `changed`: it is not the one that was written. */
  | { readonly intact: false; readonly position: number; readonly fault: "missing" | "changed" };

const HASH_BYTES = 32;

/** `entries`: oldest first, from position 1 on. */
export async function checkChain(entries: readonly AuditEntry[]): Promise<ChainResult> {
  let before = new Uint8Array(HASH_BYTES);
  let last = 0;
  for (const entry of entries) {
    const { position, at, actor, action, target, reason, traceId, hash } = entry;
    if (position !== last + 1) return { intact: false, position, fault: "missing" };
    const fields = new TextEncoder().encode(JSON.stringify([position, at, actor, action, target, reason, traceId]));
    const text = new Uint8Array(HASH_BYTES + fields.length);
    text.set(before);
    text.set(fields, HASH_BYTES);
    before = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
    if (hexOf(before) !== hash) return { intact: false, position, fault: "changed" };
    last = position;
  }
  return { intact: true, entries: last };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
