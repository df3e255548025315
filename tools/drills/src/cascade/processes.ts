// What the processes of a drill say of themselves: by their metrics and by the kernel.
import { readFileSync } from "node:fs";

/** Of one metric of Prometheus's text format: the sum of all samples whose labels have these. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match || match[1] !== name) continue;
    const has = Object.entries(labels).every(([key, value]) => match[2]?.includes(`${key}="${value}"`));
    if (has) sum += Number(match[3]);
  }
  return sum;
}

/** Of the process's memory that is in RAM, MiB; undefined when it is gone. */
export function residentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

const SCRAPE_MS_MAX = 2000;

/** "" of a process that does not answer: a fault may stop it. */
export async function metricsOf(adminPort: number): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, {
      signal: AbortSignal.timeout(SCRAPE_MS_MAX),
    });
    return await response.text();
  } catch {
    return "";
  }
}
