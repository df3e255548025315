// Whether the whole installation is healthy. The ingress, up.sh and people ask for it.
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { createHttpCaller, DEPENDENCIES, type HttpCaller } from "@muster/resilience";
import { cut } from "@muster/runtime";
import { type Check, failedChecks } from "@muster/service";

/** A flood of probes is one probe per instance and this long. */
const CACHE_MS = 250;
const DEGRADED = "degraded: ";
/** Instances of one process that are asked. Policy beyond: the rest is not. */
const INSTANCES_MAX = 100;

export interface SystemHealth {
  /** `degraded`: everything works, and some of it waits for a server that is away. */
  readonly status: "ok" | "degraded" | "unhealthy";
  /** "ok", or why not, by process. */
  readonly processes: Readonly<Record<string, string>>;
  /** What each instance said of itself, by process: for operators only. Nothing for one whose name leads nowhere. */
  readonly instances: Readonly<Record<string, readonly InstanceHealth[]>>;
}

export interface InstanceHealth {
  readonly address: string;
  /** "ok", "degraded: …", or what is wrong. */
  readonly answer: string;
  /** As its admin port says it; undefined when it says nothing. */
  readonly said: StatusReport | undefined;
}

/** The answer of /statusz; of an earlier release, without some of it. */
export interface StatusReport {
  readonly failures?: Readonly<Record<string, string>>;
  readonly missing?: Readonly<Record<string, string>>;
  readonly waiting?: Readonly<Record<string, string>>;
  readonly readyDependsOn?: readonly string[];
  readonly peers?: readonly string[];
  readonly waitsFor?: readonly string[];
  readonly about?: { readonly instanceId: string; readonly version: string; readonly startedAt: string };
}

/** The addresses that a host name stands for. @throws Error */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface SystemHealthOptions {
  readonly resolve?: Resolve;
  /** Whom this process itself asks: healthy processes that cannot reach each other are no healthy installation. */
  readonly peers?: Readonly<Record<string, Check>>;
  readonly about?: StatusReport["about"];
}

export function createSystemHealth(
  urls: Readonly<Record<string, string>>,
  { resolve = lookUpAll, peers = {}, about }: SystemHealthOptions = {},
): () => Promise<SystemHealth> {
  const http = createHttpCaller(DEPENDENCIES["edge-api"]["every process"].probes);
  let asked: Promise<SystemHealth> | undefined;
  let askedAt = -Infinity;
  return () => {
    const now = performance.now();
    if (!asked || now - askedAt > CACHE_MS) {
      askedAt = now;
      asked = ask(urls, { resolve, http }, peers, about);
    }
    return asked;
  };
}

interface Ways {
  readonly resolve: Resolve;
  readonly http: HttpCaller;
}

async function ask(
  urls: Readonly<Record<string, string>>,
  by: Ways,
  peers: Readonly<Record<string, Check>>,
  about: StatusReport["about"],
): Promise<SystemHealth> {
  const found = await Promise.all([
    failedChecks(peers).then((missing) => ["edge-api", ownState(missing, Object.keys(peers), about)] as const),
    ...Object.entries(urls).map(async ([name, url]) => [name, await stateOf(url, by)] as const),
  ]);
  const bad = found.map(([, { answer }]) => answer).filter((answer) => answer !== "ok");
  return {
    status: bad.length === 0 ? "ok" : bad.every((answer) => answer.startsWith(DEGRADED)) ? "degraded" : "unhealthy",
    processes: Object.fromEntries(found.map(([name, { answer }]) => [name, answer])),
    instances: Object.fromEntries(found.map(([name, { instances }]) => [name, instances])),
  };
}

interface ProcessHealth {
  readonly answer: string;
  readonly instances: readonly InstanceHealth[];
}

function ownState(
  missing: Readonly<Record<string, string>>,
  peers: readonly string[],
  about: StatusReport["about"],
): ProcessHealth {
  const reasons = Object.entries(missing).map(([name, reason]) => `${name}: ${reason}`);
  const answer = reasons.length === 0 ? "ok" : `cannot reach ${reasons.join("; ")}`;
  return { answer, instances: [{ address: "", answer, said: { missing, peers, ...(about && { about }) } }] };
}

interface Instance extends InstanceHealth {
  /** Starting or stopping, and nothing else is wrong: no fault while there are others. */
  readonly passing: boolean;
}

async function stateOf(url: string, { resolve, http }: Ways): Promise<ProcessHealth> {
  let addresses: readonly string[];
  try {
    addresses = await addressesOf(new URL(url), resolve);
  } catch (err) {
    return { answer: `has no address: ${err instanceof Error ? err.message : String(err)}`, instances: [] };
  }
  const instances = await Promise.all(addresses.map((address) => probe(url, address, http)));
  return { answer: answerOf(instances), instances };
}

/** "ok" when every instance behind the name is, of those that stay. */
function answerOf(instances: readonly Instance[]): string {
  const staying = instances.filter(({ passing }) => !passing);
  const counted = staying.length > 0 ? staying : instances;
  const wrong = counted.filter(({ answer }) => answer !== "ok");
  const worse = wrong.filter(({ answer }) => !answer.startsWith(DEGRADED));
  const bad = worse.length > 0 ? worse : wrong;
  if (bad.length === 0) return counted.length > 0 ? "ok" : "has no address";
  const [first] = bad as [Instance];
  if (counted.length === 1 || worse.length === 0) return first.answer;
  return `${bad.length} of ${counted.length} instances are not healthy: ${first.address} ${first.answer}`;
}

async function addressesOf(url: URL, resolve: Resolve): Promise<readonly string[]> {
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  // A certificate is for the name, so the name is asked.
  if (isIP(hostname) || url.protocol === "https:") return [hostname];
  const all = [...new Set(await resolve(hostname))];
  // Who has both has one of each: no instance is asked twice, nor where it does not listen.
  const fours = all.filter((address) => isIP(address) === 4);
  return (fours.length > 0 ? fours : all).slice(0, INSTANCES_MAX);
}

async function probe(url: string, address: string, http: HttpCaller): Promise<Instance> {
  const target = new URL(url);
  target.hostname = isIP(address) === 6 ? `[${address}]` : address;
  try {
    const { ok, status, text } = await http.fetchText(target);
    const said = reportIn(text); // whoever answers 200 with something else is no process of ours, and well
    const answer = ok ? stateIn(said) : `answers ${status}: ${cut(text, 300)}`;
    return { address, answer, said, passing: !ok && isPassing(said) };
  } catch (err) {
    const answer = `does not answer: ${err instanceof Error ? err.message : String(err)}`;
    return { address, answer, said: undefined, passing: false };
  }
}

function reportIn(text: string): StatusReport | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** "ok", or what waits for what. */
function stateIn(said: StatusReport | undefined): string {
  const reasons = Object.entries(said?.waiting ?? {}).map(([name, reason]) => `${name}: ${reason}`);
  return reasons.length === 0 ? "ok" : `${DEGRADED}${cut(reasons.join("; "), 300)}`;
}

/** As the admin port says it: `failures` has nothing but the phase. */
function isPassing(said: StatusReport | undefined): boolean {
  const names = Object.keys(said?.failures ?? {});
  return names.length > 0 && names.every((name) => name === "draining" || name === "starting");
}

async function lookUpAll(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
