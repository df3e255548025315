// The secrets that the overlays require from an operator.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { databaseServices, localCertificate, type ServiceRow } from "@muster/local";
import { databasePasswordKey, databaseSecretKey, secretKey } from "@muster/manifests/variables";
import type { Data } from "./pods.ts";

const PASSWORD_BYTES = 16;
const KEY_BYTES = 32;

export function secretsOf(rows: readonly ServiceRow[], folder: string): Data {
  const { certificate, key } = localCertificate(path.join(folder, "tls"));
  const muster: Record<string, string> = { "mariadb-root-password": random(PASSWORD_BYTES) };
  for (const row of databaseServices(rows)) {
    const { prefix, user } = row.database;
    const password = random(PASSWORD_BYTES);
    muster[databasePasswordKey(row)] = password;
    muster[databaseSecretKey(row)] = `mysql://${user}:${password}@mariadb:3306/${prefix}_local`;
  }
  for (const { secrets = [] } of rows) for (const secret of secrets) muster[secretKey(secret)] = random(KEY_BYTES);
  return {
    muster,
    "muster-tls": { "tls.crt": readFileSync(certificate, "utf8"), "tls.key": readFileSync(key, "utf8") },
  };
}

function random(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}
