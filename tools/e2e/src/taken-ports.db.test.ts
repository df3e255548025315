// A process whose port somebody has ends, and says which variable chooses another: every service, every port of it.
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import path from "node:path";
import { createEnvironment, databaseVariables, freePort, paths, portsFrom, SERVICES } from "@muster/local";
import { describeWithMariadb, freshDatabases } from "@muster/testkit";
import { beforeAll, expect, it } from "vitest";

const root = path.join(import.meta.dirname, "../../..");

describeWithMariadb("a port that is taken", () => {
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const ports = portsFrom(0, 0);
    for (const name of Object.keys(ports)) Object.assign(ports, { [name]: await freePort() });
    env = { ...process.env, ...createEnvironment(ports), ...databaseVariables(await freshDatabases()) };
  });

  it.each(SERVICES)("is named by $name with the variable that chooses another", async ({ name, prefix, database }) => {
    const cwd = path.join(root, "services", name);
    if (database) expect(spawnSync(paths.node, ["src/migrate.ts"], { cwd, env }).status).toBe(0);
    const variables = Object.keys(env).filter(
      (variable) => variable.startsWith(`${prefix}_`) && variable.endsWith("_PORT"),
    );
    expect(variables).toHaveLength(2);
    const looks = variables.map(async (variable) => {
      // The other one is whichever is free: the two processes do not meet.
      const own = Object.fromEntries(variables.map((one) => [one, one === variable ? env[one] : "0"]));
      const occupant = createServer();
      await new Promise<void>((resolve) => occupant.listen(Number(env[variable]), "127.0.0.1", resolve));
      const { code, said } = await run(cwd, { ...env, ...own });
      await new Promise((resolve) => occupant.close(resolve));
      expect(said.at(-1), variable).toMatchObject({
        level: "fatal",
        msg: "did not start",
        reason: `port ${env[variable]} of 127.0.0.1 (${variable}) is taken by another program: end that one, or choose another port with ${variable}`,
      });
      expect(code).toBe(1);
    });
    await Promise.all(looks);
  });
});

async function run(
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; said: Record<string, unknown>[] }> {
  const child = spawn(paths.node, ["src/main.ts"], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines = text.split("\n").filter(Boolean);
  return { code, said: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}
