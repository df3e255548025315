import { type Command, say, UsageError } from "./command.ts";
import { withDatabase } from "./databases.ts";

const ROWS_MAX = 50;

interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly role: string;
  readonly banned_until: Date | null;
}

export const player: Command = {
  takes: "NAME|ID",
  does: "Finds players by the name, its beginning (NAME%), or the id: id, name, kind, role, whether banned.",
  async run(args, env) {
    const [wanted, ...more] = args;
    if (!wanted || more.length > 0) throw new UsageError("which player?");
    const rows = await withDatabase(env, "IDENTITY_DB_URL", (db) =>
      db.query<AccountRow[]>(
        `select id, name, kind, role, banned_until from accounts
          where name like ? or name_key like ? or cast(id as char) = ? order by name limit ?`,
        [wanted, wanted.normalize("NFKC").toLowerCase(), wanted.toLowerCase(), ROWS_MAX],
      ),
    );
    for (const row of rows) say(`${row.id}  ${row.name}  ${row.kind}  ${row.role}  ${banOf(row.banned_until)}`);
    if (rows.length === 0) say("no such player");
    return rows.length > 0 ? 0 : 1;
  },
};

function banOf(until: Date | null): string {
  return until !== null && until.getTime() > Date.now() ? `banned until ${until.toISOString()}` : "not banned";
}
