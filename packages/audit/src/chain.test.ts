import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Chain } from "./chain.ts";
import { type AuditRow, hashOf } from "./entry.ts";
import { createSealer, type Sealer } from "./sealer.ts";

const KEY = randomBytes(32).toString("hex");
const OTHER_KEY = randomBytes(32).toString("hex");
const sealer = createSealer("test", KEY);
const ZEROS = Buffer.alloc(32);

const first: AuditRow = {
  position: 0,
  at: new Date(0),
  actor: "system",
  action: "chain_started",
  target: "",
  reason: "",
  trace_id: "0".repeat(32),
  previous_hash: ZEROS,
  hash: ZEROS,
  key_id: null,
  seal: null,
};

/** As whoever has that sealer writes it after `before`; without one, as the release before seals. */
function entryAfter(before: AuditRow, says: Partial<AuditRow>, by: Sealer | undefined): AuditRow {
  const row = { ...first, ...says, position: before.position + 1, previous_hash: before.hash };
  const hash = hashOf(row);
  return { ...row, hash, ...(by ? by.seal(hash) : { key_id: null, seal: null }) };
}

function logOf(entries: readonly Partial<AuditRow>[], by: Sealer | undefined = sealer): AuditRow[] {
  const rows = [first];
  for (const says of entries) rows.push(entryAfter(rows.at(-1) as AuditRow, says, by));
  return rows;
}

function verdictOn(rows: readonly AuditRow[], by: Sealer = sealer): { fault: string | undefined; unsealed: number } {
  const chain = new Chain(by);
  for (const row of rows.toSorted((a, b) => a.position - b.position)) {
    const fault = chain.faultOf(row);
    if (fault) return { fault: fault.kind, unsealed: chain.unsealedEntries };
  }
  return { fault: undefined, unsealed: chain.unsealedEntries };
}

/** What somebody with access to the table and no key does after a change: new hashes all the way, and the seals stay. */
function rehashedFrom(position: number, rows: readonly AuditRow[]): AuditRow[] {
  const done: AuditRow[] = [];
  for (const row of rows) {
    if (row.position < position) done.push(row);
    else {
      const linked = { ...row, previous_hash: done.at(-1)?.hash ?? ZEROS };
      done.push({ ...linked, hash: hashOf(linked) });
    }
  }
  return done;
}

const says = fc.record({
  at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") }),
  actor: fc.string({ maxLength: 36 }),
  action: fc.constantFrom("player_banned", "role_set"),
  target: fc.string({ maxLength: 64 }),
  reason: fc.string({ unit: "grapheme", maxLength: 64 }),
  trace_id: fc.stringMatching(/^[0-9a-f]{32}$/),
});
/** Of two entries and more, and the index of one of them. */
const logAndPlace = fc
  .array(says, { minLength: 2, maxLength: 12 })
  .chain((entries) => fc.record({ entries: fc.constant(entries), at: fc.integer({ min: 1, max: entries.length }) }));

it("a log is as it was written, whatever its entries say", () => {
  fc.assert(
    fc.property(fc.array(says, { maxLength: 12 }), (entries) => {
      expect(verdictOn(logOf(entries))).toEqual({ fault: undefined, unsealed: 0 });
    }),
  );
});

it("any single entry that was changed is found, also when all hashes were made anew", () => {
  fc.assert(
    fc.property(logAndPlace, says, fc.boolean(), ({ entries, at }, other, rehashed) => {
      const rows = logOf(entries);
      const was = rows[at] as AuditRow;
      const changed = rows.with(at, { ...was, ...other });
      fc.pre(!hashOf(changed[at] as AuditRow).equals(was.hash));
      expect(verdictOn(rehashed ? rehashedFrom(at, changed) : changed).fault).toBe(rehashed ? "forged" : "changed");
    }),
  );
});

it("any single entry but the last that was dropped is found, also when those after it moved up and got new hashes", () => {
  fc.assert(
    fc.property(logAndPlace, fc.boolean(), ({ entries, at }, closed) => {
      fc.pre(at < entries.length);
      const rows = logOf(entries);
      const left = rows.toSpliced(at, 1);
      expect(verdictOn(left).fault).toBe("missing");
      const moved = left.map((row, position) => ({ ...row, position }));
      if (closed) expect(verdictOn(rehashedFrom(at, moved)).fault).toBe("forged");
      else expect(verdictOn(moved).fault).toBe("order");
    }),
  );
});

it("any two entries that were swapped are found", () => {
  fc.assert(
    fc.property(logAndPlace, fc.nat(), fc.boolean(), ({ entries, at }, step, rehashed) => {
      const rows = logOf(entries);
      const other = 1 + ((at + (step % (entries.length - 1))) % entries.length);
      fc.pre(other !== at);
      const [a, b] = [rows[at] as AuditRow, rows[other] as AuditRow];
      const swapped = rows.with(at, { ...b, position: at }).with(other, { ...a, position: other });
      expect(verdictOn(rehashed ? rehashedFrom(1, swapped) : swapped).fault).toBeDefined();
    }),
  );
});

it("any single entry that was sealed with another key is found, whichever key it names", () => {
  fc.assert(
    fc.property(logAndPlace, fc.boolean(), ({ entries, at }, pretends) => {
      const rows = logOf(entries);
      const was = rows[at] as AuditRow;
      const seal = createSealer("test", OTHER_KEY).seal(was.hash);
      const forged = rows.with(at, { ...was, ...seal, ...(pretends ? { key_id: was.key_id } : {}) });
      expect(verdictOn(forged).fault).toBe(pretends ? "forged" : "unknown key");
    }),
  );
});

it("any single entry whose seal was taken off is named, and one with half a seal has been changed", () => {
  fc.assert(
    fc.property(logAndPlace, ({ entries, at }) => {
      const rows = logOf(entries);
      const was = rows[at] as AuditRow;
      expect(verdictOn(rows.with(at, { ...was, key_id: null, seal: null }))).toEqual({ fault: undefined, unsealed: 1 });
      expect(verdictOn(rows.with(at, { ...was, seal: null })).fault).toBe("changed");
      expect(verdictOn(rows.with(at, { ...was, key_id: null })).fault).toBe("changed");
    }),
  );
});

it("entries without a seal are held by the sealed ones after them", () => {
  const [, before, between, after] = logOf([{ reason: "a" }, { reason: "b" }, { reason: "c" }]) as [
    AuditRow,
    AuditRow,
    AuditRow,
    AuditRow,
  ];
  const byOldRelease = { ...between, key_id: null, seal: null };
  expect(verdictOn([first, before, byOldRelease, after])).toEqual({ fault: undefined, unsealed: 1 });
  const forged = rehashedFrom(2, [first, before, { ...byOldRelease, reason: "x" }, after]);
  expect(verdictOn(forged).fault).toBe("forged");
});

it("an entry of another log under the same key is found", () => {
  expect(verdictOn(logOf([{ reason: "a" }], createSealer("other", KEY))).fault).toBe("forged");
});

it("both keys of a change are accepted, the first one seals, and one that is gone is named", () => {
  const during = createSealer("test", `${OTHER_KEY},${KEY}`);
  const rows = logOf([{ reason: "old key" }]);
  rows.push(entryAfter(rows[1] as AuditRow, { reason: "new key" }, during));
  expect(rows[2]?.key_id).toBe(createSealer("test", OTHER_KEY).keyId);
  expect(verdictOn(rows, during)).toEqual({ fault: undefined, unsealed: 0 });
  const chain = new Chain(createSealer("test", OTHER_KEY));
  expect(rows.map((row) => chain.faultOf(row)).find((fault) => fault)?.message).toMatch(
    new RegExp(`entry 1 is sealed with the key ${sealer.keyId}, which is none of those given`),
  );
});

it("of many ranges without a seal the first hundred are told, and how many entries there are", () => {
  const chain = new Chain(sealer);
  let last = first;
  chain.faultOf(first);
  for (let i = 0; i < 500; i++) {
    last = entryAfter(last, {}, i % 2 ? sealer : undefined);
    expect(chain.faultOf(last)).toBeUndefined();
  }
  expect(chain.unsealed).toHaveLength(100);
  expect(chain.unsealedEntries).toBe(250);
});
