// A process that verifies, for a test that kills it: verifying-process.ts DATABASE-URL LEASE-MS
import { openDatabase } from "./database-url.ts";
import { startVerifying } from "./verifying.ts";

const [url = "", leaseMs = ""] = process.argv.slice(2);
await startVerifying(openDatabase(url).db, { leaseMs: Number(leaseMs) });
