// The cost of password hashing alone, with the parameters of identity-service.
import { argon2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const hash = promisify(argon2);

/** Hashes per second of CPU time. */
export async function hashingRate(seconds: number): Promise<number> {
  const before = process.cpuUsage();
  const until = performance.now() + seconds * 1000;
  let hashes = 0;
  while (performance.now() < until) {
    await hash("argon2id", {
      message: "correct horse battery",
      nonce: randomBytes(16),
      memory: 47_104,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    });
    hashes++;
  }
  const { user, system } = process.cpuUsage(before);
  return hashes / ((user + system) / 1e6);
}
