// Who plays: the SDK's client, the signed-in player, and the one realtime connection of this tab.
import type { Player, Realtime, Tokens } from "@muster/client";
import { signal } from "@preact/signals";
import { PageClient } from "./page-client.ts";
import { readStored, writeStored } from "./stored.ts";

const TOKENS = "tokens";
const DEVICE_KEY = "device-key";

export const client = new PageClient({
  url: location.origin,
  onTokens: (tokens) => {
    writeStored(TOKENS, tokens && JSON.stringify(tokens));
    if (!tokens && player.peek() !== undefined) sessionLost();
  },
  readTokens,
});

/** The signed-in player; undefined: nobody; null: not known yet. */
export const player = signal<Player | undefined | null>(client.tokens ? null : undefined);
/** Why it is not known who is signed in, while that is so. */
export const sessionError = signal<unknown>(undefined);

/** The session was ended from elsewhere: the page says so until somebody signs in. */
export const signedOutElsewhere = signal(false);

const SIGNED_OUT: ReadonlySet<string> = new Set(["unauthenticated", "bad_refresh_token", "session_ended"]);

/** How often somebody has signed in or out: what was asked for before says nothing about who is there now. */
let changes = 0;

/** Asks the server who the stored tokens belong to. */
export async function restore(): Promise<void> {
  if (!client.tokens) return;
  const asked = changes;
  sessionError.value = undefined;
  try {
    const who = await client.me();
    if (asked === changes) player.value = who;
  } catch (err) {
    if (asked !== changes) return;
    if (SIGNED_OUT.has((err as { code?: string }).code ?? "")) sessionLost();
    else sessionError.value = err;
  }
}

export async function playAsGuest(): Promise<void> {
  let key = readStored(DEVICE_KEY);
  if (key === undefined) writeStored(DEVICE_KEY, (key = crypto.randomUUID()));
  enter(await client.logInGuest(key, deviceLabel()));
}

export async function signIn(name: string, password: string): Promise<void> {
  enter(await client.logIn({ name, password, deviceId: deviceId(), deviceLabel: deviceLabel() }));
}

export async function signUp(name: string, password: string): Promise<void> {
  enter(await client.register({ name, password, deviceId: deviceId(), deviceLabel: deviceLabel() }));
}

export async function signOut(): Promise<void> {
  changes++;
  disconnect();
  player.value = undefined;
  // Without an answer the server keeps the session until it expires, but this browser has forgotten its tokens.
  await client.logOut().catch(() => undefined);
}

/** Makes the guest an account: the same player. What opened the guest in this browser no longer does. */
export async function upgrade(name: string, password: string): Promise<void> {
  const asked = changes;
  const who = await client.upgradeGuest({ name, password });
  writeStored(DEVICE_KEY, undefined);
  if (asked === changes) player.value = who;
}

function sessionLost(): void {
  changes++;
  disconnect();
  player.value = undefined;
  signedOutElsewhere.value = true;
}

function enter(who: Player): void {
  changes++;
  disconnect();
  signedOutElsewhere.value = false;
  player.value = who;
}

let connecting: Promise<Realtime> | undefined;
/** Set while there is a realtime connection, also while it reconnects. */
export const realtime = signal<Realtime | undefined>(undefined);

/** This tab's realtime connection, opened at the first call. @throws MusterError */
export function connect(): Promise<Realtime> {
  if (connecting) return connecting;
  const forget = (): void => {
    if (connecting === mine) connecting = undefined;
  };
  const mine: Promise<Realtime> = client.connect().then(
    (opened) => {
      opened.onClosed(() => {
        if (realtime.value === opened) realtime.value = undefined;
        forget();
      });
      if (connecting === mine) realtime.value = opened;
      else opened.close(); // of a player who has signed out meanwhile
      return opened;
    },
    (err: unknown) => {
      forget();
      throw err;
    },
  );
  return (connecting = mine);
}

function disconnect(): void {
  realtime.value?.close();
  realtime.value = undefined;
  connecting = undefined;
}

function readTokens(): Tokens | undefined {
  const stored = readStored(TOKENS);
  try {
    return stored === undefined ? undefined : (JSON.parse(stored) as Tokens);
  } catch {
    return undefined; // not written by us
  }
}

function deviceId(): string {
  let id = readStored("device-id");
  if (id === undefined) writeStored("device-id", (id = crypto.randomUUID()));
  return id;
}

/** By the word that only it has, where others name it too: Edge says Chrome and Safari, Android says Linux. */
const BROWSERS = {
  Edg: "Edge",
  OPR: "Opera",
  Firefox: "Firefox",
  FxiOS: "Firefox",
  CriOS: "Chrome",
  Chrome: "Chrome",
  Safari: "Safari",
};
const SYSTEMS = {
  Android: "Android",
  iPhone: "iPhone",
  iPad: "iPad",
  Windows: "Windows",
  "Mac OS": "Mac OS",
  Linux: "Linux",
};

/** What the list of devices calls this one: "Chrome, Linux". */
export function deviceLabel(userAgent = navigator.userAgent): string {
  const named = (names: Readonly<Record<string, string>>): string | undefined =>
    Object.entries(names).find(([word]) => userAgent.includes(word))?.[1];
  return [named(BROWSERS) ?? "browser", named(SYSTEMS)].filter((part) => part !== undefined).join(", ");
}
