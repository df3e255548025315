// One key per name: the key that finds an account also counts its failed log-ins.
import { describeWithMariadb } from "@muster/testkit";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { newAccount } from "./accounts.ts";
import { renewSkeletons } from "./migrations/look-alikes.ts";
import { refoldNameKeys } from "./migrations/name-keys.ts";
import { nameKeyOf, nameSkeletonOf } from "./names.ts";
import { findAccountWithPassword } from "./store/accounts.ts";

const NAMES = [
  "Ann_Lee-7",
  "Zo\u00eb",
  "J\u030cohn",
  "\u0399\u0308\u0301\u03b1\u03c3\u03bf\u03c2",
  "\u0130stanbul",
  "\u7530\u4e2dtaro",
];
/** What a comparison may swallow, fold or pad with. */
const NOISE = [" ", "\t", "\n", "\u00a0", "\u200b", "\u00ad", "\u3000", "\ufeff", "\0", "\u0301", "\u0307", "-"];
const FOLDS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.normalize("NFD"),
  (text) => text.normalize("NFKD").toUpperCase(),
  (text) => text.toUpperCase().normalize("NFC"),
  (text) => text.replaceAll(/[!-~]/g, (sign) => String.fromCodePoint((sign.codePointAt(0) as number) + 0xfee0)), // full width
];

const spelling = fc
  .record({
    name: fc.constantFrom(...NAMES),
    folds: fc.array(fc.constantFrom(...FOLDS), { maxLength: 3 }),
    noise: fc.array(fc.record({ at: fc.nat(14), text: fc.constantFrom(...NOISE) }), { maxLength: 3 }),
  })
  .map(({ name, folds, noise }) => {
    const folded = folds.reduce((text, fold) => fold(text), name);
    return noise.reduce((text, { at, text: more }) => text.slice(0, at) + more + text.slice(at), folded);
  });

describeWithMariadb("a name's key", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    for (const name of NAMES) {
      const account = newAccount(name.normalize("NFKC"), new Date());
      await harness.db
        .insertInto("accounts")
        .values({ ...account, kind: "registered" })
        .execute();
      await harness.db.insertInto("credentials").values({ account_id: account.id, password_phc: "x" }).execute();
    }
  });
  afterAll(async () => await harness[Symbol.asyncDispose]());

  it("finds an account in exactly the spellings that have its key", async () => {
    const keys = new Set(NAMES.map(nameKeyOf));
    await fc.assert(
      fc.asyncProperty(spelling, async (text) => {
        const key = nameKeyOf(text);
        expect(nameKeyOf(key)).toBe(key);
        const found = await findAccountWithPassword(harness.db, { nameKey: key });
        expect(found?.name_key).toBe(keys.has(key) ? key : undefined);
        const raw = await findAccountWithPassword(harness.db, { nameKey: text });
        expect(raw?.name_key ?? text).toBe(text); // the database folds nothing and pads nothing
      }),
      { numRuns: 400 },
    );
  });

  it("that was folded once only is folded again by the migration", async () => {
    const id = newAccount(undefined, new Date()).id;
    const once = "j\u030cack";
    expect(nameKeyOf(once)).not.toBe(once);
    const account = { ...newAccount("J\u030cack", new Date()), id, name_key: once };
    await harness.db.insertInto("accounts").values(account).execute();
    await refoldNameKeys(harness.db as never);
    await refoldNameKeys(harness.db as never);
    const row = await harness.db.selectFrom("accounts").select("name_key").where("id", "=", id).executeTakeFirst();
    expect(row?.name_key).toBe(nameKeyOf("J\u030cack"));
  });

  it("and its look are renewed by the migration: what is out of date, and of those that look alike now the oldest has it", async () => {
    const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
    const [older, younger, third] = [
      newAccount("Ann_Strasse", at(1)),
      newAccount("Ann-Stra\u00dfe", at(2)),
      newAccount("Bob_Other", at(3)),
    ].map((account, i) => ({ ...account, id: `01a20ab2-2d4a-7326-a77a-00000000000${i}`, kind: "registered" as const }));
    // As the rule of before had it, under which the first two did not look alike.
    const rows = [
      { ...older, name_skeleton: "ann_strasse" },
      { ...younger, name_skeleton: "ann-stra\u00dfe" },
      { ...third, name_skeleton: null },
    ];
    await harness.db
      .insertInto("accounts")
      .values(rows as never)
      .execute();
    for (let run = 0; run < 2; run++) {
      await renewSkeletons(harness.db as never);
      const found = await harness.db
        .selectFrom("accounts")
        .select(["name", "name_skeleton"])
        .where("id", "in", [older?.id, younger?.id, third?.id] as string[])
        .orderBy("id")
        .execute();
      expect(found).toEqual([
        { name: "Ann_Strasse", name_skeleton: nameSkeletonOf("Ann_Strasse") },
        { name: "Ann-Stra\u00dfe", name_skeleton: null },
        { name: "Bob_Other", name_skeleton: nameSkeletonOf("Bob_Other") },
      ]);
    }
  });

  it("and whatever else is looked up by text is compared as it is: no collation that pads or folds", async () => {
    const { rows } = await sql<{ name: string; collation: string }>`
      select distinct concat(c.table_name, '.', c.column_name) as name, c.collation_name as collation
        from information_schema.columns c
        join information_schema.statistics s using (table_schema, table_name, column_name)
       where c.table_schema = database() and c.collation_name is not null and c.data_type in ('char', 'varchar', 'text')`.execute(
      harness.db,
    );
    // Written by us alone.
    const ours = new Set([
      "signing_keys.kid",
      "outbox_relays.owner",
      "kysely_migration.name",
      "kysely_migration_lock.id",
    ]);
    const padded = rows.filter(({ name, collation }) => !ours.has(name) && !collation.endsWith("_nopad_bin"));
    expect(padded).toEqual([]);
    expect(rows.map(({ name }) => name)).toContain("accounts.name_key");
  });
});
