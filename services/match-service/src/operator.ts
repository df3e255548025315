// node src/operator.ts COMMAND …: operator-commands.ts lists the commands.
import { runOperator } from "./operator-commands.ts";

process.exitCode = await runOperator(process.argv.slice(2), process.env);
