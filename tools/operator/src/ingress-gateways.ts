// Which gateways the ingress of the local system sends players to.
import { existsSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { paths, readIngressGateways, reloadNginx, writeIngressGateways } from "@muster/local";
import { type Command, say } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";

export const ingressGateways: Command = {
  takes: "[--add HOST:PORT | --remove HOST:PORT]",
  does: "Prints or changes the gateways behind the local system's ingress. A change reloads nginx, closes no socket, and lasts until up.sh starts again (set MUSTER_MORE_GATEWAYS to keep it).",
  async run(args, env) {
    const options = { add: { type: "string" }, remove: { type: "string" } } as const;
    const { add, remove } = parseArgs({ args: [...args], options }).values;
    if (add !== undefined && remove !== undefined) throw new UsageError("use --add or --remove, not both");
    if (!env.isLocal || !existsSync(path.join(paths.nginx, "nginx.pid")))
      throw new OperatorError(`the ingress of this checkout is not running (looked in ${paths.nginx})`);
    if (add !== undefined || remove !== undefined) change(add, remove);
    for (const address of readIngressGateways(paths.nginx)) say(address);
    return 0;
  },
};

function change(add: string | undefined, remove: string | undefined): void {
  const before = readIngressGateways(paths.nginx);
  if (remove !== undefined && !before.includes(remove))
    throw new OperatorError(`${remove} is none of ${before.join(", ")}`);
  const after = add === undefined ? before.filter((address) => address !== remove) : [...before, add];
  try {
    writeIngressGateways(paths.nginx, after);
    reloadNginx(paths.nginx);
  } catch (err) {
    writeIngressGateways(paths.nginx, before);
    throw new OperatorError((err as Error).message);
  }
}
