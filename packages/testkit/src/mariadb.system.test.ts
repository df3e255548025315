// Several servers on one machine do not touch each other's files.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, startMariadb } from "@muster/local";
import { expect, it } from "vitest";
import { describeWithServers } from "./index.ts";

describeWithServers("a private MariaDB", () => {
  it("leaves the temporary tables of other servers alone when it starts", async () => {
    // As a server names them that keeps its own where most do.
    const another = path.join(os.tmpdir(), `#sql-temptable-${process.pid}-1-1.MAI`);
    const folder = mkdtempSync(path.join(os.tmpdir(), "muster-mariadb-"));
    writeFileSync(another, "");
    try {
      const server = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: false });
      await server.stop();
      expect(existsSync(another)).toBe(true);
    } finally {
      rmSync(another, { force: true });
      rmSync(folder, { recursive: true });
    }
  });
});
