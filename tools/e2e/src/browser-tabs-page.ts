// The page of browser.system.test.ts: two clients of one session that have nothing in common but the browser, as two tabs do.
import { MusterClient, type Tokens } from "@muster/client";

// No DOM types in this workspace: what the page needs of the browser.
const { search } = (globalThis as unknown as { location: { search: string } }).location;
const url = new URLSearchParams(search).get("muster") as string;
const ROUNDS = 6;

async function share(): Promise<Record<string, unknown>> {
  const first = new MusterClient({ url });
  await first.logInGuest(crypto.randomUUID());
  const tabs = [first, new MusterClient({ url, tokens: first.tokens as Tokens })];
  const refreshTokens = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(tabs.map((tab) => tab.accessToken(true))); // both at once
    for (const tab of tabs) await tab.me();
    await (tabs[round % 2] as MusterClient).refresh(); // one of them
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const { tokens } of tabs) refreshTokens.add(tokens?.refreshToken ?? "logged out");
  }
  return { error: null, refreshTokens: refreshTokens.size, loggedOut: refreshTokens.has("logged out") };
}

const report = await share().catch((err: unknown) => ({ error: String(err) }));
await fetch("/done", { method: "POST", body: JSON.stringify(report) });
