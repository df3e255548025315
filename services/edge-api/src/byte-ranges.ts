// Ranges and validators of RFC 9110, for content that never changes. No I/O.

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a `Range` header asks of content of so many bytes. Undefined: the whole of it, as for several ranges, other units, and what is
 * malformed. "unsatisfiable": there is no such byte.
 */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | "unsatisfiable" | undefined {
  const [, from = "", to = ""] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  if (from === "") {
    const wanted = Math.min(Number(to), bytes);
    return wanted === 0 ? "unsatisfiable" : { first: bytes - wanted, last: bytes - 1 };
  }
  const [first, last] = [Number(from), to === "" ? Infinity : Number(to)];
  if (last < first) return undefined;
  return first >= bytes ? "unsatisfiable" : { first, last: Math.min(last, bytes - 1) };
}

/** Whether an `If-None-Match` names it: then the client has it. */
export function isNamed(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
}
