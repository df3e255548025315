// Whether the whole installation is healthy: asked by the ingress, by up.sh and by people.

const PROBE_TIMEOUT_MS = 1500;
/** A flood of probes is one probe per process and this long. */
const CACHE_MS = 250;

export interface SystemHealth {
  readonly healthy: boolean;
  /** "ok", or why not, by process. */
  readonly processes: Readonly<Record<string, string>>;
}

export function createSystemHealth(urls: Readonly<Record<string, string>>): () => Promise<SystemHealth> {
  let asked: Promise<SystemHealth> | undefined;
  let askedAt = -Infinity;
  return () => {
    const now = performance.now();
    if (!asked || now - askedAt > CACHE_MS) {
      askedAt = now;
      asked = ask(urls);
    }
    return asked;
  };
}

async function ask(urls: Readonly<Record<string, string>>): Promise<SystemHealth> {
  const answers = await Promise.all(Object.entries(urls).map(async ([name, url]) => [name, await probe(url)] as const));
  return {
    healthy: answers.every(([, answer]) => answer === "ok"),
    processes: { "edge-api": "ok", ...Object.fromEntries(answers) },
  };
}

async function probe(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = await response.text();
    return response.ok ? "ok" : `answers ${response.status}: ${text.slice(0, 300)}`;
  } catch (err) {
    return `does not answer: ${err instanceof Error ? err.message : String(err)}`;
  }
}
