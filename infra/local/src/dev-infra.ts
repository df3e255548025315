// `pnpm -r dev` of this package: MariaDB and nginx, until Ctrl-C.
import { chosenPorts, loadEnvironment } from "./environment.ts";
import { claimHome } from "./home.ts";
import { startInfrastructure } from "./infrastructure.ts";

const { ingress, base } = chosenPorts();
await claimHome({ by: "pnpm -r dev", pid: process.pid, ingressPort: ingress, portBase: base });
const infrastructure = await startInfrastructure(loadEnvironment(), {
  onLine(name, line) {
    if (/\[(warn|ERROR|error|emerg)/i.test(line)) console.log(`${name}: ${line}`);
  },
  say: (text) => console.log(text),
});
console.log(`mariadb and nginx are up; the ingress is ${infrastructure.url}`);

let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  clearInterval(alive);
  await infrastructure.stop();
};
const alive = setInterval(() => undefined, 60_000);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    stop().catch((err: unknown) => console.error(err));
  });
}
