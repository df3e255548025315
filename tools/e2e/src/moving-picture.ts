// The moving picture at the top of the README: two guests play a duel in a real browser on a system that runs, and one of their pages is filmed.
//
//   pnpm exec node tools/e2e/src/moving-picture.ts [URL [FILE]]
import { spawnSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { paths } from "@muster/local";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { animatedWebp, type WebpFrame } from "./animated-webp.ts";
import { CHROMIUM } from "./browser.ts";

const SIZE = { width: 480, height: 680 };
const FRAMES_PER_S = 20;
const SECONDS = 10;
const FRAME_MS = Math.round(1000 / FRAMES_PER_S);
const QUALITY = 0.8;
/** What each of the two does, over and over: [key, for how long]. */
const KEYS: readonly (readonly (readonly [key: string, ms: number])[])[] = [
  [
    ["ArrowUp", 500],
    ["ArrowLeft", 250],
    ["ArrowUp", 400],
    ["ArrowRight", 350],
    ["ArrowUp", 300],
    ["ArrowRight", 150],
  ],
  [
    ["ArrowUp", 350],
    ["ArrowRight", 300],
    ["ArrowUp", 450],
    ["ArrowLeft", 200],
    ["ArrowUp", 250],
    ["ArrowLeft", 300],
  ],
];

/** Runs in the page, which keeps the picture before. */
const IN_PAGE = `async ({ png, width, height, quality }) => {
  const canvasOf = (w, h) => Object.assign(document.createElement("canvas"), { width: w, height: h });
  const image = Object.assign(new Image(), { src: "data:image/png;base64," + png });
  await image.decode();
  const whole = canvasOf(width, height);
  const pen = whole.getContext("2d");
  pen.drawImage(image, 0, 0, width, height);
  const now = new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
  const before = globalThis.pictureBefore;
  globalThis.pictureBefore = now;
  let [left, top, right, bottom] = before ? [width, height, -1, -1] : [0, 0, width - 1, height - 1];
  if (before)
    for (let i = 0; i < now.length; i++) {
      if (now[i] === before[i]) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  if (right < 0) return undefined;
  const [x, y] = [left - (left % 2), top - (top % 2)];
  const part = canvasOf(right - x + 1, bottom - y + 1);
  part.getContext("2d").drawImage(whole, -x, -y);
  const webp = part.toDataURL("image/webp", quality).split(",")[1];
  return { x, y, width: part.width, height: part.height, webp };
}`;

const [url = "http://localhost:8080", file = path.join(paths.root, "design/duel.webp")] = process.argv.slice(2);
if (!CHROMIUM) throw new Error("no Chromium: scripts/test.sh installs it");
const executablePath = spawnSync("sh", ["-c", `command -v ${CHROMIUM}`], { encoding: "utf8" }).stdout.trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-renderer-backgrounding"] });
const players: Page[] = [];
for (const _ of KEYS) {
  const context = await browser.newContext({ locale: "en", viewport: SIZE, colorScheme: "dark" });
  const page = await context.newPage();
  players.push(page);
  await page.goto(url);
  await page.getByRole("button", { name: "Play as a guest" }).click();
  await page.locator("[data-mode=duel]").click();
}
for (const page of players) await page.locator("[data-match]").waitFor({ timeout: 30_000 });
const [filmed] = players as [Page, Page];
await filmed.bringToFront();
const over = new AbortController();
const playing = players.map((page, i) => play(page, KEYS[i] as (typeof KEYS)[number], over.signal));
await sleep(1500); // the countdown
const session = await filmed.context().newCDPSession(filmed);
const pictures = await film(session);
over.abort();
await Promise.all(playing);
const frames: WebpFrame[] = [];
for (const png of pictures) {
  const changed = await changedPart(filmed, png);
  if (changed) frames.push({ ...changed, durationMs: FRAME_MS });
  else frames.push(longer(frames.pop() as WebpFrame));
}
await browser.close();
writeFileSync(file, animatedWebp(SIZE.width, SIZE.height, frames));
console.log(
  `${path.relative(process.cwd(), file)}: ${frames.length} pictures, ${Math.round(statSync(file).size / 1024)} KiB`,
);

async function play(page: Page, keys: (typeof KEYS)[number], stop: AbortSignal): Promise<void> {
  await page.keyboard.down("Space");
  for (let turn = 0; !stop.aborted; turn++) {
    const [key, ms] = keys[turn % keys.length] as (typeof keys)[number];
    await page.keyboard.down(key);
    await sleep(ms);
    await page.keyboard.up(key);
  }
}

/** As many pictures as it shall have, evenly spaced: of the browser's frames, the last before each moment. */
async function film(session: CDPSession): Promise<string[]> {
  let latest: string | undefined;
  session.on("Page.screencastFrame", ({ data, sessionId }) => {
    latest = data;
    session.send("Page.screencastFrameAck", { sessionId }).catch(() => undefined);
  });
  await session.send("Page.startScreencast", { format: "png", maxWidth: SIZE.width, maxHeight: SIZE.height });
  const pictures: string[] = [];
  const startedAt = performance.now();
  while (pictures.length < FRAMES_PER_S * SECONDS) {
    await sleep(startedAt + ((pictures.length + 1) * 1000) / FRAMES_PER_S - performance.now());
    if (latest !== undefined) pictures.push(latest);
  }
  await session.send("Page.stopScreencast");
  return pictures;
}

function longer(frame: WebpFrame): WebpFrame {
  return { ...frame, durationMs: frame.durationMs + FRAME_MS };
}

/** What differs from the picture before: undefined if nothing does. The browser has the encoder, and the page's policy allows data: pictures. */
async function changedPart(page: Page, png: string): Promise<Omit<WebpFrame, "durationMs"> | undefined> {
  const asked = JSON.stringify({ png, ...SIZE, quality: QUALITY });
  const part = await page.evaluate<(Omit<WebpFrame, "webp"> & { webp: string }) | undefined>(`(${IN_PAGE})(${asked})`);
  return part && { ...part, webp: Buffer.from(part.webp, "base64") };
}
