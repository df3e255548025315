// The folder of a local system may be any: with a space in its path, or said relative to the checkout.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describeWithServers } from "@muster/testkit";
import { afterAll, expect, it } from "vitest";

const STARTS = `
  const { freePort, localCertificate, paths, startMariadb, startNginx } = await import("@muster/local");
  const path = await import("node:path");
  if (process.env.ONLY_TELL) { console.log(paths.home); process.exit(); }
  const ports = [await freePort(), await freePort(), await freePort()];
  const mariadb = await startMariadb({ dataDir: paths.mariadbData, port: ports[0], durable: true });
  const tls = { port: ports[1], ...localCertificate(path.join(paths.home, "tls")) };
  const away = "127.0.0.1:9";
  const nginx = await startNginx({ prefix: paths.nginx, port: ports[2], tls, edgeAddress: away, gatewayAddress: away });
  console.log(await (await fetch(nginx.url + "/livez")).text());
  await nginx.stop();
  await mariadb.stop();`;

function run(env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", STARTS], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => child.once("close", () => resolve(said)));
}

describeWithServers("the folder of a local system", () => {
  const parent = mkdtempSync(path.join(os.tmpdir(), "muster home "));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  it("may have spaces in its path: MariaDB and nginx start in it", { timeout: 60_000 }, async () => {
    expect(await run({ MUSTER_HOME: path.join(parent, "a system") })).toBe("ok\n\n");
  });

  it("is below the checkout when it is relative, whoever asks from wherever, and .muster when it is empty", {
    timeout: 60_000,
  }, async () => {
    const root = path.resolve(import.meta.dirname, "../../..");
    expect(await run({ MUSTER_HOME: "other", ONLY_TELL: "1" })).toBe(`${path.join(root, "other")}\n`);
    expect(await run({ MUSTER_HOME: "", ONLY_TELL: "1" })).toBe(`${path.join(root, ".muster")}\n`);
  });
});
