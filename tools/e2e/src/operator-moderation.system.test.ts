// What moderators do all day: look somebody up, end their sessions, look at matches, and decide on what players report.
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { entriesAbout, type Operator, operators } from "./operators.ts";
import { guest, makeAdmin, playing, randomName } from "./players.ts";
import { startSystem, type System } from "./system.ts";
import { MusterClient } from "@muster/client";

const PASSWORD = "correct horse battery";
const why = { reason: "looked at" };

interface Found {
  readonly accounts: readonly {
    playerId: string;
    name: string;
    role: string;
    ban?: { reason: string; until?: string };
  }[];
  readonly nextCursor?: string;
}

describeWithServers("a moderator", () => {
  let system: System;
  let people: { player: Operator; moderator: Operator; admin: Operator };
  beforeAll(async () => {
    system = await startSystem({ nginx: false });
    people = await operators(system);
  });
  afterAll(() => system[Symbol.asyncDispose]());

  const codeOf = ({ body }: { body: Record<string, unknown> }): unknown => (body["error"] as { code: string }).code;

  it("finds accounts by the start of a name or by id, page by page, with their bans", async () => {
    const stem = randomName();
    const ids: string[] = [];
    for (const end of ["c", "a", "b"]) {
      const client = new MusterClient({ url: system.url });
      ids.push((await client.register({ name: `${stem}-${end}`, password: PASSWORD })).playerId);
    }
    const { moderator } = people;
    const find = async (query: string): Promise<Found> =>
      (await moderator.ask<Found>("GET", `/v1/admin/players?${query}`)).body;
    const first = await find(`query=${stem.toUpperCase()}&limit=2`);
    expect(first.accounts.map(({ name }) => name)).toEqual([`${stem}-a`, `${stem}-b`]);
    const second = await find(`query=${stem}&limit=2&cursor=${first.nextCursor}`);
    expect(second).toEqual({ accounts: [expect.objectContaining({ name: `${stem}-c` })] });
    expect((await find(`query=${stem}_`)).accounts).toEqual([]); // a letter of a name, no wildcard
    expect((await find(`query=${ids[0]}`)).accounts).toHaveLength(1);
    expect(codeOf(await moderator.ask("GET", "/v1/admin/players?cursor=x"))).toBe("bad_cursor");
    expect((await moderator.ask("PUT", `/v1/admin/players/${ids[0]}/ban`, why)).status).toBe(204);
    const account = (await moderator.ask<Found["accounts"][number]>("GET", `/v1/admin/players/${ids[0]}`)).body;
    expect(account).toMatchObject({ role: "player", kind: "registered", ban: why });
    expect(account.ban?.until).toBeUndefined();
  });

  it("ends one session of a player, or all, but not those of an equal", async () => {
    const { moderator, admin } = people;
    const name = randomName();
    const clients = [new MusterClient({ url: system.url }), new MusterClient({ url: system.url })];
    const { playerId } = await (clients[0] as MusterClient).register({ name, password: PASSWORD });
    await (clients[1] as MusterClient).logIn({ name, password: PASSWORD });
    const devices = async (): Promise<string[]> =>
      (
        await moderator.ask<{ devices: { deviceId: string }[] }>("GET", `/v1/admin/players/${playerId}/devices`)
      ).body.devices.map(({ deviceId }) => deviceId);
    const [newest, oldest] = await devices();
    const revoke = (id: string, by = moderator) =>
      by.ask("POST", `/v1/admin/players/${playerId}/devices/${id}/revoke`, why);
    expect((await revoke(newest as string)).status).toBe(204);
    expect(await devices()).toEqual([oldest]);
    expect(codeOf(await revoke(newest as string))).toBe("device_not_found");
    const all = `/v1/admin/players/${playerId}/devices/revoke-all`;
    expect(await moderator.ask("POST", all, why)).toEqual({ status: 200, body: { revoked: 1 } });
    expect(await moderator.ask("POST", all, why)).toEqual({ status: 200, body: { revoked: 0 } });
    expect(await entriesAbout(admin, playerId)).toEqual([
      `player_devices_revoked by ${moderator.playerId}: 1 sessions: looked at`,
      `player_device_revoked by ${moderator.playerId}: family ${newest}: looked at`,
    ]);
    const ofAdmin = `/v1/admin/players/${admin.playerId}/devices/revoke-all`;
    expect(codeOf(await moderator.ask("POST", ofAdmin, why))).toBe("not_allowed");
  });

  it("sees the matches of each state and mode, or of a player, with their shards", async () => {
    const { moderator } = people;
    const { players, found } = await playing(system, "duel", [0, 0]);
    const { matchId } = found[0];
    interface Page {
      readonly matches: readonly { match: { matchId: string; state: string }; shardId: string; epoch: number }[];
    }
    const list = async (query: string): Promise<(string | undefined)[]> =>
      (await moderator.ask<Page>("GET", `/v1/admin/matches${query}`)).body.matches.map(({ match }) => match.matchId);
    expect(await list("")).toContain(matchId);
    expect(await list("?mode=duel")).toContain(matchId);
    expect(await list("?mode=duel-quick")).not.toContain(matchId);
    expect(await list("?state=cancelled")).not.toContain(matchId);
    const { body } = await moderator.ask<Page>("GET", `/v1/admin/matches?playerId=${players[0].player.playerId}`);
    expect(body.matches).toMatchObject([{ match: { matchId, state: "running" }, epoch: 1 }]);
    expect(body.matches[0]?.shardId).toMatch(/./);
    expect((await moderator.ask("GET", `/v1/admin/matches?playerId=${matchId}&mode=duel`)).status).toBe(400);
    expect((await moderator.ask("POST", `/v1/admin/matches/${matchId}/cancel`, why)).status).toBe(204);
    expect(await list("?state=cancelled&mode=duel")).toContain(matchId);
    for (const { realtime } of players) realtime.close();
  });

  it("decides on what a player reports, once; the same report again is the same while it is open", async () => {
    const { player, moderator, admin } = people;
    const { player: offender } = await guest(system.url);
    const report = (body: object, about = offender.playerId) =>
      player.ask<{ reportId: string }>("POST", `/v1/players/${about}/reports`, body);
    const { status, body } = await report({ category: "cheating", comment: "walks through walls" });
    expect(status).toBe(201);
    const { reportId } = body;
    expect((await report({ category: "other" })).body.reportId).toBe(reportId);
    const { players, found } = await playing(system, "duel", [0, 0]);
    const [{ matchId }, inMatch] = [found[0], players[0].player.playerId];
    const { body: general } = await report({ category: "cheating" }, inMatch);
    const { body: inThere } = await report({ category: "cheating", matchId }, inMatch);
    expect(inThere.reportId).not.toBe(general.reportId);
    const spelt = { category: "cheating", matchId: matchId.toUpperCase() };
    expect((await report(spelt, inMatch)).body.reportId).toBe(inThere.reportId);
    // Invented matches would make as many reports about one player as a reporter likes.
    expect(codeOf(await report({ category: "cheating", matchId: crypto.randomUUID() }))).toBe("match_not_found");
    expect(codeOf(await report({ category: "cheating", matchId }))).toBe("invalid_request"); // the offender was not there
    for (const { realtime } of players) realtime.close();
    expect((await report({ category: "cheating" }, player.playerId)).status).toBe(400);
    expect((await report({ category: "cheating" }, crypto.randomUUID())).status).toBe(404);
    const list = async (query: string): Promise<Record<string, unknown>[]> =>
      (
        await moderator.ask<{ reports: Record<string, unknown>[] }>(
          "GET",
          `/v1/admin/reports?playerId=${offender.playerId}${query}`,
        )
      ).body.reports;
    expect((await list("")).map((one) => one["reportId"])).toContain(reportId);
    const decide = () =>
      moderator.ask("PUT", `/v1/admin/reports/${reportId}/decision`, { decision: "upheld", reason: "seen it" });
    expect((await decide()).status).toBe(204);
    expect(codeOf(await decide())).toBe("report_decided");
    expect(await list("&decided=true")).toEqual([
      expect.objectContaining({
        reportId,
        playerName: offender.name,
        decision: "upheld",
        decidedBy: moderator.playerId,
        decidedWhy: "seen it",
      }),
    ]);
    expect(await entriesAbout(admin, reportId)).toEqual([`report_decided by ${moderator.playerId}: upheld: seen it`]);
    expect((await report({ category: "cheating" })).body.reportId).not.toBe(reportId);
  });

  it("decides nothing in a case of its own: a report about itself, a match in which it plays", async () => {
    const { player, moderator, admin } = people;
    const about = `/v1/players/${moderator.playerId}/reports`;
    const { body } = await player.ask<{ reportId: string }>("POST", about, { category: "harassment" });
    const decide = (by: Operator) =>
      by.ask("PUT", `/v1/admin/reports/${body.reportId}/decision`, { decision: "dismissed", reason: "no" });
    expect(codeOf(await decide(moderator))).toBe("not_allowed");
    expect((await decide(admin)).status).toBe(204);
    const { players, found } = await playing(system, "duel", [0, 0]);
    await makeAdmin(system, players[0].player.playerId, "moderator");
    const own = await fetch(`${system.url}/v1/admin/matches/${found[0].matchId}/cancel`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await players[0].client.accessToken()}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(why),
    });
    expect([own.status, codeOf({ body: (await own.json()) as Record<string, unknown> })]).toEqual([403, "not_allowed"]);
    expect(await entriesAbout(admin, found[0].matchId)).toEqual([]);
    for (const { realtime } of players) realtime.close();
  });

  it("mutes a player in all channels, whom the refusal tells until when; not an equal, and by no way itself", async () => {
    const { moderator, admin } = people;
    const { client, player: rude } = await guest(system.url);
    const { channelId } = await client.chat.createRoom(`r ${randomName()}`);
    const mute = (id: string, by = moderator) =>
      by.ask("PUT", `/v1/admin/players/${id}/mute`, { seconds: 3600, reason: "spam" });
    const mutes = async (): Promise<unknown> =>
      (await moderator.ask<{ mutes: unknown }>("GET", `/v1/admin/players/${rude.playerId}/mutes`)).body.mutes;
    expect(await mutes()).toEqual([]);
    expect((await mute(rude.playerId)).status).toBe(204);
    const until = expect.stringMatching(/^20.*Z$/) as string;
    expect(await mutes()).toEqual([{ until, reason: "spam" }]);
    await expect(client.chat.post(channelId, "x")).rejects.toMatchObject({
      code: "muted",
      message: expect.stringMatching(/^You are muted in all channels until 20.*Z: spam$/) as string,
      details: { until, reason: "spam", everywhere: true },
    });
    await expect(client.chat.createRoom(`r ${randomName()}`)).rejects.toMatchObject({ code: "muted" });

    expect(codeOf(await mute(admin.playerId))).toBe("not_allowed");
    expect(codeOf(await mute(crypto.randomUUID()))).toBe("player_not_found");
    expect((await mute(moderator.playerId, admin)).status).toBe(204);
    const own = [
      moderator.ask("POST", `/v1/admin/players/${moderator.playerId}/unmute`, why),
      moderator.ask("DELETE", `/v1/chat/mutes/${moderator.playerId}`),
      moderator.ask("PUT", `/v1/chat/mutes/${admin.playerId}`, { seconds: 60, reason: "x" }),
    ];
    for (const answer of await Promise.all(own)) expect(codeOf(answer)).toBe("not_allowed");

    const unmute = `/v1/admin/players/${rude.playerId}/unmute`;
    for (let n = 0; n < 2; n++) expect((await moderator.ask("POST", unmute, why)).status).toBe(204);
    await client.chat.post(channelId, "sorry");
    expect((await admin.ask("DELETE", `/v1/chat/mutes/${moderator.playerId}`)).status).toBe(204);
    expect(await entriesAbout(admin, rude.playerId)).toEqual([
      `player_unmute_ordered by ${moderator.playerId}: looked at`,
      `player_mute_ordered by ${moderator.playerId}: 3600 s: spam`,
    ]);
    const { body } = await admin.ask<{ entries: Record<"actor" | "action" | "target" | "reason", string>[] }>(
      "GET",
      "/v1/admin/moderation-log",
    );
    expect(
      body.entries
        .filter(({ target }) => target === `${rude.playerId}/00000000-0000-0000-0000-000000000000`)
        .map(({ actor, action, reason }) => [actor, action, reason]),
    ).toEqual([
      [moderator.playerId, "player_unmuted", "looked at"],
      [moderator.playerId, "player_muted", "spam"],
    ]);
  });

  it("reads a reported chat message as it was, and only what the reporter could read is reported", async () => {
    const { player, moderator } = people;
    const { client, player: offender } = await guest(system.url);
    const room = await client.chat.createRoom(`r ${randomName()}`);
    const { seq } = await client.chat.post(room.channelId, "something bad");
    const report = (n: number) =>
      player.ask<Record<string, unknown>>("POST", `/v1/chat/channels/${room.channelId}/messages/${n}/report`, {
        category: "harassment",
      });
    expect((await report(seq)).status).toBe(403);
    await player.client.chat.joinRoom(room.name);
    expect((await report(seq + 1)).status).toBe(404);
    expect((await report(seq)).status).toBe(201);
    await client.chat.delete(room.channelId, seq);
    const { body } = await moderator.ask<{ reports: unknown[] }>(
      "GET",
      `/v1/admin/reports?playerId=${offender.playerId}`,
    );
    expect(body.reports).toMatchObject([
      {
        category: "harassment",
        reporterId: player.playerId,
        message: { channelId: room.channelId, seq, body: "something bad" },
      },
    ]);
  });

  it("limits how much one player reports in a day", async () => {
    const reporter = await guest(system.url);
    const another = async (): Promise<string> => (await guest(system.url)).player.playerId;
    const send = async (about: string): Promise<Response> =>
      fetch(`${system.url}/v1/players/${about}/reports`, {
        method: "POST",
        headers: { authorization: `Bearer ${await reporter.client.accessToken()}`, "content-type": "application/json" },
        body: JSON.stringify({ category: "spam" }),
      });
    for (let n = 0; n < 20; n++) expect((await send(await another())).status).toBe(201);
    const refused = await send(await another());
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3600);
  });
});
