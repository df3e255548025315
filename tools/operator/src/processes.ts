// What the processes say of themselves on their admin ports.
import { lookup } from "node:dns/promises";
import { parseArgs } from "node:util";
import { type Command, say } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";
import { adminUrls, type Environment } from "./environment.ts";
import { ask } from "./http.ts";

const ASK_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 200;
const WAIT_S_MAX = 600;
const NAME_WIDTH = 18;

interface State {
  readonly name: string;
  readonly state: "ready" | "not ready" | "gone";
  readonly why: string;
}

export const health: Command = {
  takes: "[--wait SECONDS]",
  does: "Prints whether each process is alive and ready, or why not. With --wait, waits up to so many seconds until all are.",
  async run(args, env) {
    const { values } = parseArgs({ args: [...args], options: { wait: { type: "string", default: "0" } } });
    const waitS = Number(values.wait);
    if (!(waitS >= 0 && waitS <= WAIT_S_MAX)) throw new UsageError(`--wait takes 0 to ${WAIT_S_MAX} seconds`);
    const deadline = performance.now() + waitS * 1000;
    let states = await look(env);
    while (states.some((one) => one.state !== "ready") && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      states = await look(env);
    }
    for (const { name, state, why } of states) say(`${name.padEnd(NAME_WIDTH)} ${state.padEnd(10)} ${why}`.trimEnd());
    return states.every((one) => one.state === "ready") ? 0 : 1;
  },
};

export const metrics: Command = {
  takes: "PROCESS|URL [NAME]",
  does: "Prints the current metrics of one process (by name, or by the URL of its admin port); with NAME, only those whose names begin with it.",
  async run(args, env) {
    const [name, prefix = "", ...more] = args;
    if (name === undefined || more.length > 0) throw new UsageError("a process is missing");
    const url = /^https?:\/\//.test(name) ? name : adminUrls(env).get(name);
    if (!url) throw new OperatorError(`there is no process ${name}: ${[...adminUrls(env).keys()].join(", ")}`);
    const lines = (await ask(`${url}/metrics`, ASK_WITHIN_MS)).text.split("\n");
    const wanted = lines.filter((line) => line !== "" && line.replace(/^# (HELP|TYPE) /, "").startsWith(prefix));
    for (const line of wanted) say(line);
    return wanted.length > 0 ? 0 : 1;
  },
};

async function look(env: Environment): Promise<State[]> {
  const found = await Promise.all([...adminUrls(env)].map(([name, url]) => instancesOf(name, url)));
  return Promise.all(found.flat().map(({ name, url }) => stateOf(name, url)));
}

/** A name that leads to several addresses, as in a cluster, is as many processes. */
async function instancesOf(name: string, url: string): Promise<{ name: string; url: string }[]> {
  const { hostname, port, protocol } = new URL(url);
  const addresses = await lookup(hostname, { all: true, family: 4 }).catch(() => []);
  if (addresses.length < 2) return [{ name, url }];
  return addresses.map(({ address }) => ({ name: `${name} ${address}`, url: `${protocol}//${address}:${port}` }));
}

async function stateOf(name: string, url: string): Promise<State> {
  try {
    const { ok, text } = await ask(`${url}/statusz`, ASK_WITHIN_MS);
    return { name, state: ok ? "ready" : "not ready", why: ok ? "" : text };
  } catch (err) {
    return { name, state: "gone", why: (err as Error).message };
  }
}
