// `pnpm -r dev` of this package: MariaDB and nginx, until Ctrl-C.
import { chosenPorts, loadEnvironment } from "./environment.ts";
import { claimHome } from "./home.ts";
import { startInfrastructure } from "./infrastructure.ts";

const { ingress, base } = chosenPorts();
await claimHome({ by: "pnpm -r dev", pid: process.pid, ingressPort: ingress, portBase: base });
const stopAsked = new AbortController();
const starting = startInfrastructure(loadEnvironment(), {
  onLine(name, line) {
    if (/\[(warn|ERROR|error|emerg)/i.test(line)) console.log(`${name}: ${line}`);
  },
  say: (text) => console.log(text),
  stop: stopAsked.signal,
});
const alive = setInterval(() => undefined, 60_000);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    stop().catch((err: unknown) => console.error(err));
  });
}

try {
  const { url } = await starting;
  console.log(`mariadb and nginx are up; the ingress is ${url}`);
} catch (err) {
  clearInterval(alive);
  if (!stopAsked.signal.aborted) throw err;
}

/** Also while they are starting. */
async function stop(): Promise<void> {
  if (stopAsked.signal.aborted) return;
  stopAsked.abort();
  clearInterval(alive);
  const infrastructure = await starting.catch(() => undefined);
  await infrastructure?.stop();
}
