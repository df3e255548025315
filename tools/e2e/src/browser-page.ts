// The page of browser.system.test.ts: two players in one tab.
import { MusterClient, type Realtime } from "@muster/client";
import { duel, duelBot } from "@muster/game-duel";

// No DOM types in this workspace: what the page needs of the browser.
const { search } = (globalThis as unknown as { location: { search: string } }).location;
const url = new URLSearchParams(search).get("muster") as string;

async function enter(): Promise<{ client: MusterClient; realtime: Realtime }> {
  const client = new MusterClient({ url });
  await client.register({ name: `web-${crypto.randomUUID().slice(0, 8)}`, password: "correct horse battery" });
  return { client, realtime: await client.connect() };
}

async function play(): Promise<Record<string, unknown>> {
  const [a, b] = await Promise.all([enter(), enter()]);
  const [foundA, foundB] = await Promise.all([a.realtime.queue("duel-quick"), b.realtime.queue("duel-quick")]);
  const [mine, theirs] = await Promise.all([a.realtime.join(foundA, duel), b.realtime.join(foundB, duel)]);
  for (const match of [mine, theirs]) match.onSnapshot(({ state }) => match.send(duelBot(state, match.seat)));
  const end = await mine.ended;
  for (let attempt = 0; attempt < 50; attempt++) {
    const { matches } = await a.client.history();
    if (matches[0]?.state !== "running")
      return {
        error: null,
        end,
        hash: mine.stateHash,
        framesSkipped: mine.framesSkipped,
        historyState: matches[0]?.state,
      };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the result never reached the history");
}

const report = await play().catch((err: unknown) => ({ error: String(err) }));
await fetch("/done", { method: "POST", body: JSON.stringify(report) });
