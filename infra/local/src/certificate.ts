// A certificate for this machine only. It is created here once, so nobody else can have its key.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { makeFolders } from "./folders.ts";

export interface Certificate {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

const DAYS = "825";

/** Self-signed, for localhost and 127.0.0.1. @throws Error when openssl is not there or fails */
export function localCertificate(folder: string): Certificate {
  const [certificate, key] = [path.join(folder, "tls.crt"), path.join(folder, "tls.key")];
  if (existsSync(certificate) && existsSync(key)) return { certificate, key };
  makeFolders(folder, 0o700);
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  const made = spawnSync(
    "openssl",
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${DAYS} -subj /CN=localhost`
      .split(" ")
      .concat("-addext", names, "-keyout", key, "-out", certificate),
    { encoding: "utf8" },
  );
  if (made.status !== 0)
    throw new Error(
      `the certificate could not be created: ${made.error ? "openssl is not installed: apt-get install openssl" : made.stderr}`,
    );
  return { certificate, key };
}
