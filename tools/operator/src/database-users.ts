// A new database password without a moment in which neither is right: MariaDB knows one password per user, so the service
// gets a second user first, and the old one goes when nobody uses it.
import { randomBytes } from "node:crypto";
import { type Command, say } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";
import { withServer } from "./databases.ts";
import { DATABASE_URLS, variable } from "./environment.ts";

const NAME = /^[a-z0-9_]{1,32}$/;

export const databaseUser: Command = {
  takes: `${DATABASE_URLS.join("|")} NAME`,
  does: "Creates a second user for that service's database, with a new password, and prints the URL for the service.",
  async run(args, env) {
    const [owner = "", user = "", ...more] = args;
    if (!DATABASE_URLS.includes(owner) || !NAME.test(user) || more.length > 0)
      throw new UsageError(
        `give one of ${DATABASE_URLS.join(", ")}, and a name of lower-case letters, digits and underscores`,
      );
    const url = new URL(variable(env, owner));
    const password = randomBytes(24).toString("hex");
    await withServer(variable(env, "MUSTER_DB_URL"), async (db) => {
      await db.query("create user ?@'%' identified by ?", [user, password]);
      const database = url.pathname.slice(1).replaceAll(/[_%\\]/g, "\\$&"); // in a grant they are wildcards
      try {
        await db.query(`grant all privileges on \`${database}\`.* to ?@'%'`, [user]);
      } catch (err) {
        await db.query("drop user ?@'%'", [user]); // or the next try would find the name taken
        throw err;
      }
    });
    url.username = user;
    url.password = password;
    await withServer(url.href, (db) => db.query("show tables"));
    say(url.href);
    return 0;
  },
};

export const dropDatabaseUser: Command = {
  takes: "NAME",
  does: "Drops a database user; refuses while somebody is connected as that user.",
  async run(args, env) {
    const [user = "", ...more] = args;
    if (!NAME.test(user) || more.length > 0) throw new UsageError("a user name is missing or not valid");
    await withServer(variable(env, "MUSTER_DB_URL"), async (db) => {
      // Without it the server shows one's own connections only, and nobody would seem to be connected.
      const own = await db.query<unknown[]>(
        "select 1 from information_schema.user_privileges where privilege_type = 'PROCESS'" +
          " and replace(grantee, '\\'', '') = current_user()",
      );
      if (own.length === 0)
        throw new OperatorError(
          "the user of MUSTER_DB_URL lacks the privilege PROCESS, which is needed to see who is connected",
        );
      const [row] = await db.query<{ n: number }[]>(
        "select count(*) as n from information_schema.processlist where user = ?",
        [user],
      );
      const connected = Number(row?.n);
      if (connected > 0)
        throw new OperatorError(
          `${user} has ${connected} open connections: first restart the processes that still use the old URL`,
        );
      await db.query("drop user ?@'%'", [user]);
    });
    say(`${user} is gone`);
    return 0;
  },
};
