import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { COMMANDS } from "./commands.ts";

const run = promisify(execFile);
/** On a busy machine: each starts one or two processes. */
const ENDS_WITHIN_MS = 30_000;

/** The tool as `scripts/operator.sh` starts it, without a word of input. */
async function operator(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; said: string }> {
  const away = { MUSTER_URL: "http://127.0.0.1:9", IDENTITY_DB_URL: "mysql://a:b@127.0.0.1:9/c" };
  const command = ["--", path.join(import.meta.dirname, "main.ts"), ...args];
  const running = run(process.execPath, command, { env: { ...process.env, ...away, ...env } });
  running.child.stdin?.end();
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, said: `${stdout}${stderr}` }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      said: `${stdout}${stderr}`,
    }),
  );
}

// Side by side: most of them only wait for a server that is not there.
it.concurrent.each([
  { args: ["toString"], code: 2, says: "there is no command toString" },
  { args: ["logs", "--folder", "/proc/self/task"], code: 1, says: "there is no log in /proc/self/task" },
  { args: ["--env-file", "/nonexist", "health"], code: 1, says: "there is no file /nonexist" },
  { args: ["backup", "-v"], code: 2, says: "usage: scripts/operator.sh" },
  { args: ["verify-backup", "--now"], code: 2, says: "usage: scripts/operator.sh" },
  { args: ["verify-audit-log", "now"], code: 2, says: "verify-audit-log takes nothing" },
  { args: ["verify-audit-log"], code: 2, says: "IDENTITY_AUDIT_KEY is missing" },
  { args: ["seal-audit-log", "3-1", "why"], code: 2, says: "usage: seal-audit-log FROM-TO REASON" },
  { args: ["seal-audit-log", "3"], code: 2, says: "seal-audit-log takes a reason" },
  { args: ["reseal-audit-log"], code: 2, says: "usage: reseal-audit-log REASON" },
  {
    args: ["verify-moderation-log"],
    env: { CHAT_DB_URL: "mysql://a:b@127.0.0.1:9/c" },
    code: 2,
    says: "CHAT_AUDIT_KEY is missing",
  },
  {
    args: ["backup", "/nonexist/a"],
    env: { MUSTER_DB_URL: "mysql://a:b@127.0.0.1:9/" },
    code: 1,
    says: "IDENTITY_AUDIT_KEY is not set",
  },
  { args: ["grant", "ann", "boss", "why not"], code: 2, says: "there is no role boss: player, moderator, admin" },
  { args: ["grant", "ann", "admin"], code: 2, says: "grant takes a reason" },
  { args: ["make-admin"], code: 2, says: "make-admin takes a name" },
  { args: ["revoke-keys"], code: 2, says: "usage: revoke-keys REASON" },
  { args: ["log-in", "ann"], code: 1, says: "operator.sh log-in: there is no password" },
  { args: ["log-in", "ann"], env: { MUSTER_PASSWORD: "x" }, code: 1, says: "operator.sh log-in: no answer at http" },
  { args: ["api", "GET", "/v1/me"], env: { MUSTER_TOKEN: "x" }, code: 1, says: "operator.sh api: no answer at http" },
  { args: ["matches"], env: { MATCH_DB_URL: "mysql://a:b@127.0.0.1:9/c" }, code: 1, says: "cannot be used" },
])(
  "whatever is missing or wrong, it ends by itself with a line that says so: $args",
  async ({ args, env, code, says }) => {
    const ended = await operator(args, env);
    expect(ended).toMatchObject({ code, said: expect.stringContaining(says) as unknown });
    expect(ended.said).not.toMatch(/^ +at /m);
  },
  ENDS_WITHIN_MS,
);

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-operator-"));
afterAll(() => rmSync(folder, { recursive: true }));
const KEY = "0".repeat(64);
const SERVER = "mysql://a:b@127.0.0.1:9/";
/** What makes each command ask somebody, of whom nobody is there. */
const ASKING: Readonly<Record<string, readonly string[] | undefined>> = {
  health: [],
  metrics: ["shard"],
  prometheus: undefined, // asks nobody
  logs: ["--folder", "/nowhere"],
  matches: [],
  player: ["ann"],
  url: undefined,
  "log-in": ["ann"],
  api: ["GET", "/v1/me"],
  grant: ["ann", "admin", "the first admin"],
  "make-admin": ["ann"],
  "revoke-keys": ["in a public log"],
  "verify-audit-log": [],
  "seal-audit-log": ["1-2", "looked at"],
  "reseal-audit-log": ["a new key"],
  "verify-moderation-log": [],
  "seal-moderation-log": ["1-2", "looked at"],
  "reseal-moderation-log": ["a new key"],
  "recompute-ratings": [],
  "suspect-matches": [],
  "accept-match": ["01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", "looked at"],
  "confirm-match": ["01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", "looked at"],
  "reverify-matches": ["build_missing"],
  dlq: ["list", "rating-service"],
  "publish-results": [],
  migrate: [],
  backup: [folder],
  "backup-logs": ["/nowhere"],
  "verify-backup": ["/nowhere"],
  "binary-log": ["/nowhere", "drop"],
  restore: ["/nowhere", "--to", SERVER],
  "database-user": ["CHAT_DB_URL", "chat_2"],
  "drop-database-user": ["chat_2"],
  "ingress-gateways": undefined, // of the local system only
  run: ["no-such-program"],
};

it("every command is looked at", () => expect(Object.keys(ASKING)).toEqual(Object.keys(COMMANDS)));

it.concurrent.each(Object.entries(ASKING).filter(([, args]) => args !== undefined))(
  "where nobody is there to ask, it says so in a few lines and fails: %s",
  async (name, args = []) => {
    const ended = await operator([name, ...args], {
      MATCH_DB_URL: `${SERVER}c`,
      CHAT_DB_URL: `${SERVER}d`,
      RATING_DB_URL: `${SERVER}e`,
      MUSTER_DB_URL: SERVER,
      MUSTER_ADMIN_URLS: '{"shard":"http://127.0.0.1:9"}',
      IDENTITY_KEY_ENCRYPTION_KEY: KEY,
      IDENTITY_AUDIT_KEY: KEY,
      CHAT_AUDIT_KEY: KEY,
      MUSTER_TOKEN: "x",
      MUSTER_PASSWORD: "x",
    });
    expect(ended.code, ended.said).toBe(1);
    expect(ended.said).not.toMatch(/^ +at /m);
    expect(ended.said.trim().split("\n").length).toBeLessThan(4);
  },
  ENDS_WITHIN_MS,
);
