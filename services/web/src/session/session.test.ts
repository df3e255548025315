// Who is signed in, and the tab's one connection, whatever is asked for and answered in which order.
import { FakeConnection, settled, somebody, storage } from "../../test/tab.ts";
import { MusterError, type Player, type Realtime, type Tokens } from "@muster/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  client,
  connect,
  deviceLabel,
  player,
  playAsGuest,
  realtime,
  restore,
  sessionError,
  signedOutElsewhere,
  signIn,
  signOut,
  upgrade,
} from "./session.ts";

const [ANN, BOB] = [somebody("ann"), somebody("bob")];
let tokens: Tokens | undefined = {} as Tokens;
vi.spyOn(client, "tokens", "get").mockImplementation(() => tokens);
const logOut = vi.spyOn(client, "logOut");
const me = vi.spyOn(client, "me");
const opened = vi.spyOn(client, "connect");
vi.spyOn(client, "logIn").mockResolvedValue(ANN);

beforeEach(() => {
  tokens = {} as Tokens;
  logOut.mockReset().mockResolvedValue();
  opened.mockReset().mockImplementation(async () => new FakeConnection().asRealtime);
  me.mockReset();
});
afterEach(async () => {
  await signOut();
  signedOutElsewhere.value = false;
});

it("asks who the stored tokens belong to, and nobody where there are none", async () => {
  player.value = null;
  me.mockResolvedValueOnce(ANN);
  await restore();
  expect(player.value).toBe(ANN);
  tokens = undefined;
  await restore();
  expect(me).toHaveBeenCalledTimes(1);
});

it.each(["unauthenticated", "bad_refresh_token", "session_ended"])(
  "says that a session has ended: %s",
  async (code) => {
    player.value = null;
    me.mockRejectedValueOnce(new MusterError(code, "no"));
    await restore();
    expect([player.value, signedOutElsewhere.value]).toEqual([undefined, true]);
    await signIn("ann", "secret");
    expect([player.value, signedOutElsewhere.value]).toEqual([ANN, false]);
  },
);

it("says that a session has ended when the SDK is told so, and nothing to who has signed out", async () => {
  const endedFor = async (): Promise<void> => {
    await (Object.getPrototypeOf(client) as typeof client).logOut.call(client); // the SDK forgets the tokens
  };
  await endedFor();
  expect(signedOutElsewhere.value).toBe(false);
  await signIn("ann", "secret");
  await connect();
  await endedFor();
  expect([player.value, realtime.value, signedOutElsewhere.value]).toEqual([undefined, undefined, true]);
});

it("takes no connection along to who signs in next", async () => {
  await signIn("ann", "secret");
  const closed = vi.spyOn(await connect(), "close");
  await signIn("bob", "secret");
  expect([closed.mock.calls.length, realtime.value]).toEqual([1, undefined]);
});

it("says why it is not known who is signed in, until it is", async () => {
  player.value = null;
  me.mockRejectedValueOnce(new MusterError("network", "no"));
  await restore();
  expect(player.value).toBeNull();
  expect(sessionError.value).toMatchObject({ code: "network" });
  me.mockResolvedValueOnce(ANN);
  await restore();
  expect([player.value, sessionError.value]).toEqual([ANN, undefined]);
});

it.each(["an answer", "a refusal"])(
  "takes %s that comes late for nothing: somebody else is there now",
  async (late) => {
    await signIn("ann", "secret");
    const answer = Promise.withResolvers<Player>();
    me.mockReturnValueOnce(answer.promise);
    const restoring = restore();
    await signOut();
    player.value = BOB;
    if (late === "an answer") answer.resolve(ANN);
    else answer.reject(new MusterError("session_ended", "no"));
    await restoring;
    expect([player.value, signedOutElsewhere.value]).toEqual([BOB, false]);
  },
);

it("signs nobody in again by an upgrade that is answered after signing out", async () => {
  await signIn("ann", "secret");
  const answer = Promise.withResolvers<Player>();
  vi.spyOn(client, "upgradeGuest").mockReturnValueOnce(answer.promise);
  const upgrading = upgrade("anne", "secret");
  await signOut();
  answer.resolve(ANN);
  await upgrading;
  expect(player.value).toBeUndefined();
});

it("is the same guest each time in this browser, until the guest has an account", async () => {
  const asGuest = vi.spyOn(client, "logInGuest").mockResolvedValue(ANN);
  await playAsGuest();
  await playAsGuest();
  vi.spyOn(client, "upgradeGuest").mockResolvedValueOnce({ ...ANN, name: "anne" });
  await upgrade("anne", "secret");
  expect(player.value?.name).toBe("anne");
  await playAsGuest();
  const [first, second, third] = asGuest.mock.calls.map(([key]) => key);
  expect([first === second, third === first]).toEqual([true, false]);
  expect(storage.getItem("muster.device-key")).toBe(third);
});

it("opens one connection for all who want it, and another one after it was closed", async () => {
  const [a, b] = await Promise.all([connect(), connect()]);
  expect([a === b, realtime.value === a]).toEqual([true, true]);
  a.close();
  expect(realtime.value).toBeUndefined();
  const c = await connect();
  expect([c === a, opened.mock.calls.length]).toEqual([false, 2]);
});

it("tries again after it could not connect", async () => {
  opened.mockRejectedValueOnce(new MusterError("network", "no"));
  await expect(connect()).rejects.toMatchObject({ code: "network" });
  await connect();
  expect(realtime.value).toBeDefined();
});

it("closes a connection that opens after its player has signed out, and keeps the next player's", async () => {
  const late = Promise.withResolvers<Realtime>();
  const [old, next] = [new FakeConnection(), new FakeConnection()];
  const closed = vi.spyOn(old, "close");
  opened.mockReturnValueOnce(late.promise).mockResolvedValueOnce(next.asRealtime);
  const connecting = connect();
  await signOut();
  expect(await connect()).toBe(next);
  late.resolve(old.asRealtime);
  await connecting;
  expect([closed.mock.calls.length, realtime.value === next.asRealtime]).toEqual([1, true]);
});

it("signs out here also where the server does not answer", async () => {
  await signIn("ann", "secret");
  await connect();
  logOut.mockRejectedValueOnce(new MusterError("network", "no"));
  await signOut();
  await settled();
  expect([player.value, realtime.value]).toEqual([undefined, undefined]);
});

it.each([
  [
    "Edge, Windows",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0",
  ],
  [
    "Opera, Windows",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/119.0 Safari/537.36 OPR/105.0",
  ],
  ["Chrome, Android", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"],
  [
    "Safari, iPhone",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1 Version/17.1 Safari/604.1",
  ],
  [
    "Chrome, iPhone",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1 CriOS/120.0 Safari/604.1",
  ],
  ["Firefox, Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"],
  ["Safari, Mac OS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/17.1 Safari/605.1"],
  ["browser", "curl"],
])("calls the device %s", (label, userAgent) => {
  expect(deviceLabel(userAgent)).toBe(label);
});
