// pnpm conformance server [options] [-- COMMAND ...]   tests a client: a scripted server that the client under test connects to
// pnpm conformance client URL [options]                 tests a server: a scripted client that plays at URL, such as http://localhost:8080
//
// COMMAND starts the client under test, with the driver's address in MUSTER_CONFORMANCE; without it, the runner waits for one that you start.
// Prints a verdict for each row of contracts/realtime/STATE-MACHINE.md. Exit code 1: a row fails. tools/conformance/README.md
//
//   --port N        of the scripted server (any)
//   --mode MODE     of the client: a mode for two players of a game with a clock and held inputs (duel-quick, or the first one)
//   --within-ms N   how long a check waits for what has to come (5000)
//   --only ROW      only the checks of rows whose ids begin so; may be repeated
//   --json          the verdicts as JSON
import { spawn } from "node:child_process";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { tableOf, type Verdict } from "./checks.ts";
import { testServer } from "./client/run.ts";
import { testClient } from "./server/run.ts";
import { ScriptedServer } from "./server/scripted-server.ts";

const CLIENT_WITHIN_MS = 3_600_000;
/** A client that the runner starts itself. */
const STARTED_WITHIN_MS = 30_000;

const { values, positionals } = programOptions({
  allowPositionals: true,
  options: {
    port: { type: "string" },
    mode: { type: "string" },
    "within-ms": { type: "string" },
    only: { type: "string", multiple: true },
    json: { type: "boolean" },
  },
});
const [side, ...rest] = positionals;
const withinMs = Number(values["within-ms"] ?? 5000);
if (!Number.isInteger(withinMs) || withinMs < 1) refuseOptions("--within-ms is a whole number of milliseconds");
const options = { withinMs, only: values.only ?? [], onCheck: told };

if (side !== "server" && (side !== "client" || rest.length !== 1))
  refuseOptions("say `server`, or `client` and an address");
try {
  const url = rest[0] as string;
  report(side === "server" ? await runServer(rest) : await testServer({ ...options, url, mode: values.mode }));
} catch (err) {
  const { message, cause } = err as Error;
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  process.exit(1); // before the first check: there is nothing to test
}

async function runServer([command, ...args]: readonly string[]): Promise<Verdict[]> {
  await using server = await ScriptedServer.listen(Number(values.port ?? 0), withinMs);
  const env = { ...process.env, MUSTER_CONFORMANCE: server.driverUrl };
  console.error(`MUSTER_CONFORMANCE=${server.driverUrl}`);
  if (command === undefined) console.error("Start the client under test: it connects there, and is told what to do.");
  const child = command === undefined ? undefined : spawn(command, args, { env, stdio: ["ignore", 2, 2] });
  child?.once("error", (err) => refuseOptions(`${command} cannot be started: ${err.message}`));
  try {
    const driver = await server.drivers.take(
      child ? STARTED_WITHIN_MS : CLIENT_WITHIN_MS,
      "client under test at /driver",
    );
    return await testClient(server, driver, options);
  } finally {
    child?.kill();
  }
}

function told(name: string, failure: string | undefined, tookMs: number): void {
  console.error(failure === undefined ? `ok    ${name} (${Math.round(tookMs)} ms)` : `FAIL  ${name}: ${failure}`);
}

function report(verdicts: readonly Verdict[]): void {
  console.log(values.json ? JSON.stringify(verdicts) : `\n${tableOf(verdicts)}`);
  process.exit(verdicts.some(({ verdict }) => verdict === "fail") ? 1 : 0); // whatever connections are still open
}
