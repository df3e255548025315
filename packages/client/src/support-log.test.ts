import { afterEach, describe, expect, it, vi } from "vitest";
import { CALLS, ID } from "../test/calls.ts";
import { MusterClient } from "./client.ts";
import { SupportLog } from "./support-log.ts";

const secret = (what: string): string => `secret-${what}-0123456789`;
const answered = { accessToken: secret("access"), refreshToken: secret("refresh") };
const TOKENS = {
  ...answered,
  accessExpiresAt: "2999-01-01T00:00:00.000Z",
  refreshExpiresAt: "2999-01-01T00:00:00.000Z",
};
const PLAYER = { playerId: ID, name: "ann", kind: "registered", role: "player", createdAt: "2026-01-01T00:00:00.000Z" };

afterEach(() => vi.unstubAllGlobals());

/** Whatever is asked: a session where one is asked for, and otherwise a refusal that has secrets in its text. */
function answers(url: string): Response {
  const { pathname } = new URL(url);
  if (pathname === "/v1/auth/refresh") return Response.json({ ...TOKENS, accessToken: secret("renewed") });
  if (pathname.startsWith("/v1/auth/")) return Response.json({ player: PLAYER, tokens: TOKENS });
  const error = {
    code: "not_allowed",
    message: secret("message"),
    traceId: "1a2b",
    details: { text: secret("detail") },
  };
  return Response.json({ error }, { status: 403 });
}

describe("the support log", () => {
  it("has a line for every request, with its outcome, and nothing that is secret", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string, { method }: { method: string }) => {
      asked.push(`${method} ${new URL(url).pathname}`);
      return answers(url);
    });
    const client = new MusterClient({ url: "http://localhost" });
    const credentials = { name: "ann", password: secret("password") };
    await client.register(credentials);
    await client.logIn(credentials);
    await client.logInGuest(secret("device-key"), secret("label"));
    for (const call of Object.values(CALLS)) await call(client).catch(() => undefined);
    await client.logIn(credentials);
    await client.refresh();
    await client.chat.post(ID, secret("text"), secret("key")).catch(() => undefined);
    await client.changePassword({ currentPassword: secret("old"), newPassword: secret("new") }).catch(() => undefined);
    const log = client.supportLog();
    expect(log.split("\n")).toHaveLength(asked.length);
    for (const line of asked) expect(log).toContain(`${line}: `);
    expect(log).toMatch(/^\S+Z POST \/v1\/auth\/register: ok, \d+ ms$/m);
    expect(log).toMatch(/PUT \/v1\/me\/password: not_allowed 403 trace 1a2b, \d+ ms$/m);
    expect(log).not.toContain("secret-");
  });

  it("keeps the newest 200 lines, and says how many it dropped", () => {
    const log = new SupportLog();
    for (let i = 0; i < 250; i++) log.note(`line ${i}`);
    const lines = String(log).split("\n");
    expect(lines).toHaveLength(201);
    expect(lines[0]).toBe("(50 earlier lines dropped)");
    expect(lines[1]).toMatch(/ line 50$/);
    expect(lines.at(-1)).toMatch(/ line 249$/);
  });
});
