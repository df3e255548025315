// How long a stranger's phone takes until the start page answers: a mid-range phone (the CPU four times slower than this machine's) on a slow
// 4G link (150 ms and 1.6 Mbit/s, as Lighthouse has them), with nothing in its cache, in a real Chromium through nginx. Without services behind it:
// who is not signed in needs none for this page.
//
//   node src/first-load.ts [--rounds 9] [--cpu 4] [--latency-ms 150] [--kbit 1638] [--json]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { CHROMIUM } from "@muster/e2e/browser";
import { builtPage, freePort, startNginx } from "@muster/local";
import { programOptions } from "@muster/testkit/program-options";
import { type Browser, chromium } from "playwright-core";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    rounds: { type: "string", default: "9" },
    cpu: { type: "string", default: "4" },
    "latency-ms": { type: "string", default: "150" },
    kbit: { type: "string", default: "1638" },
    json: { type: "boolean", default: false },
  },
});
const [rounds, cpu, latency, kbit] = [values.rounds, values.cpu, values["latency-ms"], values.kbit].map(Number) as [
  number,
  number,
  number,
  number,
];
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

const LOOK_EVERY_MS = 500;
const AFTER_MS = 2000;

/** Runs in the page, before anything of it: when the button is there and the main thread has time for its click; and what keeps it busy after that. */
const WATCH = `
  const load = (window.load = { interactive: 0, longest: 0 });
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".welcome button.primary")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (load.interactive = performance.now())));
  }).observe(document, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      if (load.interactive && startTime >= load.interactive) load.longest = Math.max(load.longest, duration);
  }).observe({ type: "longtask", buffered: true });
`;

interface Load {
  readonly paintedMs: number;
  readonly interactiveMs: number;
  /** The longest task in the two seconds after that. */
  readonly longestTaskMs: number;
  /** As they came over the wire, until the page was interactive. */
  readonly kib: number;
  readonly requests: number;
}

async function load(browser: Browser, url: string): Promise<Load> {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  const bytesPerS = (kbit * 1024) / 8;
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false,
    latency,
    downloadThroughput: bytesPerS,
    uploadThroughput: bytesPerS / 2,
  });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: cpu });
  const ended: { readonly at: number; readonly bytes: number }[] = [];
  cdp.on("Network.loadingFinished", ({ timestamp, encodedDataLength }) =>
    ended.push({ at: timestamp, bytes: encodedDataLength }),
  );
  let began = 0;
  cdp.on("Network.requestWillBeSent", ({ timestamp }) => (began ||= timestamp));
  await page.addInitScript(WATCH);
  await page.goto(url, { waitUntil: "commit" });
  while ((await page.evaluate<number>("load.interactive")) === 0) await page.waitForTimeout(LOOK_EVERY_MS);
  await page.waitForTimeout(AFTER_MS);
  const [interactiveMs, longestTaskMs, paintedMs] = await page.evaluate<[number, number, number]>(
    `[load.interactive, load.longest, performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0]`,
  );
  const before = ended.filter(({ at }) => (at - began) * 1000 <= interactiveMs);
  await context.close();
  const kib = before.reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
  return { paintedMs, interactiveMs, longestTaskMs, kib, requests: before.length };
}

const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-first-load-"));
const nowhere = `127.0.0.1:${await freePort()}`;
const webRoot = await builtPage();
const nginx = await startNginx({
  prefix,
  port: await freePort(),
  edgeAddress: nowhere,
  gatewayAddress: nowhere,
  webRoot,
});
const executablePath = execFileSync("sh", ["-c", `command -v ${CHROMIUM}`], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  const loads: Load[] = [];
  for (let round = 0; round < rounds; round++) loads.push(await load(browser, nginx.url));
  const of = (name: keyof Load): number => median(loads.map((one) => one[name])) ?? Number.NaN;
  const middle = Object.fromEntries((Object.keys(loads[0] as Load) as (keyof Load)[]).map((name) => [name, of(name)]));
  if (values.json) console.log(JSON.stringify({ rounds, cpu, latency, kbit, median: middle, loads }));
  else {
    console.log(`median of ${rounds} first loads: CPU ${cpu} times slower, ${latency} ms, ${kbit} kbit/s`);
    for (const [name, value] of Object.entries(middle)) console.log(`${name.padEnd(14)} ${Math.round(value)}`);
    console.log(`interactive    ${loads.map(({ interactiveMs }) => Math.round(interactiveMs)).join(" ")}`);
  }
} finally {
  await browser.close();
  await nginx.stop();
  rmSync(prefix, { recursive: true, force: true });
}
