// The commands that an operator runs directly on the database: see USAGE.
import { auditCommands, auditUsage, type Sealer } from "@muster/audit";
import { configOrExit, type Environment } from "@muster/config";
import { type OperatorCommands, type Output, runOperatorCommand } from "@muster/service/database";
import { chatSealer } from "./audit.ts";
import { configuration, readAuditKey } from "./config.ts";
import type { Tables } from "./schema.ts";

const USAGE = `usage: operator.ts COMMAND …   (with CHAT_DB_URL and CHAT_AUDIT_KEY in the environment)

${auditUsage("CHAT_AUDIT_KEY", "moderation-log")}

Exit code 0: success; 1: it failed; 2: wrong usage.`;

const COMMANDS: OperatorCommands<Tables> = {
  usage: USAGE,
  configuration,
  commands: auditCommands<Tables>(sealerOf, "moderation-log"),
};

/** @returns the exit code */
export function runOperator(args: readonly string[], env: Environment, out?: Output): Promise<number> {
  return runOperatorCommand(COMMANDS, args, env, out);
}

function sealerOf(env: Environment): Sealer {
  return chatSealer(configOrExit("operator", () => readAuditKey(env)));
}
