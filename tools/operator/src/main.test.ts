import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, it } from "vitest";

/** The tool as `scripts/operator.sh` starts it, without a word of input. */
function operator(args: readonly string[], env: Record<string, string> = {}): { code: number | null; said: string } {
  const away = { MUSTER_URL: "http://127.0.0.1:9", IDENTITY_DB_URL: "mysql://a:b@127.0.0.1:9/c" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(import.meta.dirname, "main.ts"), ...args], {
    env: { ...process.env, ...away, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  return { code: status, said: `${stdout}${stderr}` };
}

it.each([
  { args: ["toString"], code: 2, says: "there is no command toString" },
  { args: ["log-in", "ann"], code: 1, says: "operator.sh log-in: there is no password" },
  { args: ["log-in", "ann"], env: { MUSTER_PASSWORD: "x" }, code: 1, says: "operator.sh log-in: no answer at http" },
  { args: ["api", "GET", "/v1/me"], env: { MUSTER_TOKEN: "x" }, code: 1, says: "operator.sh api: no answer at http" },
  { args: ["matches"], env: { MATCH_DB_URL: "mysql://a:b@127.0.0.1:9/c" }, code: 1, says: "cannot be used" },
])("whatever is missing or wrong, it ends by itself with a line that says so: $args", ({ args, env, code, says }) => {
  const ended = operator(args, env);
  expect(ended).toMatchObject({ code, said: expect.stringContaining(says) as unknown });
  expect(ended.said).not.toMatch(/^ +at /m);
});
