// The rules that link each entry to the previous one. No I/O: entries are passed in, in order.
import { type AuditHead, type AuditRow, hashOf } from "./entry.ts";
import type { Sealer } from "./sealer.ts";

/** `first`: where the chain starts is not as it was made. `order`: it does not follow the one before. `forged`: not by the key it names. */
export interface AuditFault {
  readonly kind: "first" | "missing" | "order" | "changed" | "unknown key" | "forged";
  readonly position: number;
  readonly message: string;
}

/** Positions, both included. */
export interface PositionRange {
  readonly from: number;
  readonly to: number;
}

/** Ranges that are told; of more than these only their number of entries. */
const RANGES_MAX = 100;
const ZEROS = Buffer.alloc(32);

export class Chain {
  readonly #sealer: Sealer;
  readonly #unsealed: { from: number; to: number }[] = [];
  #unsealedEntries = 0;
  #last: AuditRow | undefined;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /** The last entry that was handed in without a fault. */
  get last(): AuditHead | undefined {
    return this.#last;
  }

  /** Entries that nobody's key vouches for. No fault: the release before writes such. */
  get unsealed(): readonly PositionRange[] {
    return this.#unsealed;
  }

  get unsealedEntries(): number {
    return this.#unsealedEntries;
  }

  /** The next entry. */
  faultOf(entry: AuditRow): AuditFault | undefined {
    const before = this.#last;
    const fault = before ? this.#faultAfter(before, entry) : faultOfFirst(entry);
    if (!fault) this.#last = entry;
    return fault;
  }

  #faultAfter(before: AuditRow, entry: AuditRow): AuditFault | undefined {
    const { position } = entry;
    const fault = (kind: AuditFault["kind"], message: string): AuditFault => ({ kind, position, message });
    if (position !== before.position + 1)
      return fault("missing", `entries ${before.position + 1} to ${position - 1} are missing`);
    if (!entry.previous_hash.equals(before.hash))
      return fault("order", `entry ${position} does not follow entry ${before.position}`);
    if (!hasTime(entry) || !entry.hash.equals(hashOf(entry)))
      return fault("changed", `entry ${position} has been changed`);
    const state = this.#sealer.stateOf(entry);
    switch (state) {
      case "sealed":
        return undefined;
      case "none":
        this.#noteUnsealed(position);
        return undefined;
      case "half":
        return fault("changed", `entry ${position} has been changed: of its seal a part is missing`);
      case "unknown key":
        return fault(
          "unknown key",
          `entry ${position} is sealed with the key ${entry.key_id}, which is none of those given (${this.#sealer.keyIds.join(", ")})`,
        );
      case "wrong":
        return fault("forged", `entry ${position} was not sealed with the key ${entry.key_id}: it has been forged`);
      default:
        return state satisfies never;
    }
  }

  #noteUnsealed(position: number): void {
    this.#unsealedEntries++;
    const range = this.#unsealed.at(-1);
    if (range?.to === position - 1) range.to = position;
    else if (this.#unsealed.length < RANGES_MAX) this.#unsealed.push({ from: position, to: position });
  }
}

/** Somebody with access to the table may write a zero date, and of that the driver makes null or an invalid Date. */
function hasTime({ at }: { readonly at: Date | null }): boolean {
  return at !== null && !Number.isNaN(at.getTime());
}

function faultOfFirst({ position, previous_hash, hash }: AuditRow): AuditFault | undefined {
  if (position !== 0) return { kind: "first", position: 0, message: "the log has no first entry" };
  if (previous_hash.equals(ZEROS) && hash.equals(ZEROS)) return undefined;
  return { kind: "first", position, message: "entry 0 has been changed" };
}
