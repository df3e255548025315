// Who plays: the SDK's client, the signed-in player, and the one realtime connection of this tab.
import { MusterClient, type Player, type Realtime, type Tokens } from "@muster/client";
import { signal } from "@preact/signals";
import { readStored, writeStored } from "./stored.ts";

const TOKENS = "tokens";
const DEVICE_KEY = "device-key";

export const client = new MusterClient({
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

/** Asks the server who the stored tokens belong to. */
export async function restore(): Promise<void> {
  if (!client.tokens) return;
  sessionError.value = undefined;
  try {
    player.value = await client.me();
  } catch (err) {
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
  disconnect();
  player.value = undefined;
  // Without an answer the session ends with its refresh token, which nobody has any more.
  await client.logOut().catch(() => undefined);
}

/** Makes the guest an account: the same player. What opened the guest in this browser no longer does. */
export async function upgrade(name: string, password: string): Promise<void> {
  player.value = await client.upgradeGuest({ name, password });
  writeStored(DEVICE_KEY, undefined);
  realtime.value?.renewToken();
}

function sessionLost(): void {
  disconnect();
  player.value = undefined;
  signedOutElsewhere.value = true;
}

function enter(who: Player): void {
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

/** What the list of devices calls this one: "Chrome, Linux". */
function deviceLabel(): string {
  const { userAgent } = navigator;
  const browser = /Firefox|Edg|OPR|Chrome|Safari/.exec(userAgent)?.[0] ?? "browser";
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(userAgent)?.[0] ?? "";
  return [browser === "Edg" ? "Edge" : browser, system].filter(Boolean).join(", ");
}
