// Replays as players get them: through the ingress and edge-api, by the SDK and by plain HTTP.
import { createHash, randomBytes } from "node:crypto";
import { EndReason, MatchService } from "@muster/contracts/match/v2";
import { duel } from "@muster/game-duel";
import { openReplayFile, Replay } from "@muster/game-kit";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient } from "@muster/rpc";
import { describeWithServers, until } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guest, pilot, playing, type TestPlayer } from "./players.ts";
import { deliverEnded } from "./replayed.ts";
import { type System, startSystem } from "./system.ts";

describeWithServers("replays over REST", () => {
  let system: System;
  let players: readonly TestPlayer[];
  let matchId: string;
  let stateHash: string;
  beforeAll(async () => {
    system = await startSystem();
    const begun = await playing(system);
    for (const match of begun.matches) pilot(match);
    const [end] = await Promise.all(begun.matches.map((match) => match.ended));
    if (end?.kind !== "ended") throw new Error("the match was cancelled");
    ({ players, stateHash } = { players: begun.players, stateHash: end.stateHash });
    matchId = begun.found[0].matchId;
    await deliverEnded(system, matchId);
    await until(async () => ((await replay()).verdict ? undefined : "no verdict"), 60_000);
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const replay = () => (players[0] as TestPlayer).client.replays.of(matchId);
  const file = async (headers: Record<string, string> = {}, method = "GET"): Promise<Response> => {
    const authorization = `Bearer ${await players[0]?.client.accessToken()}`;
    return fetch(`${system.url}/v1/matches/${matchId}/replay/file`, { method, headers: { authorization, ...headers } });
  };

  it("gives a real match out as verified, to both players and everybody else, and the file plays it to the same state", async () => {
    const stranger = await guest(system.url);
    for (const { client } of [...players, stranger]) {
      const summary = await client.replays.of(matchId);
      expect(summary).toMatchObject({ matchId, gameId: "duel", verdict: "verified", verdictReason: "same_result" });
      const bytes = await client.replays.download(matchId);
      expect(bytes).toHaveLength(summary.file?.bytes ?? 0);
      const { setup, log, header } = await openReplayFile(bytes);
      expect(header).toMatchObject({ matchId, stateHash, buildId: duel.buildId });
      const played = new Replay(duel, setup, log);
      played.seek(played.ticks);
      expect(played.hash).toBe(stateHash);
    }
    const [a, b] = players.map(({ player }) => player.playerId) as [string, string];
    expect((await stranger.client.replays.list()).replays).toEqual([]);
    for (const playerId of [a, b])
      expect((await stranger.client.replays.list({ playerId })).replays).toEqual([await replay()]);
  });

  it("gives the file with a strong ETag, for ever, whole, by ranges and not again", async () => {
    const whole = await file();
    const content = Buffer.from(await whole.arrayBuffer());
    const etag = `"${createHash("sha256").update(content).digest("base64url")}"`;
    const size = content.length;
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      etag,
      "cache-control": "private, max-age=31536000, immutable",
      "accept-ranges": "bytes",
      "content-type": "application/octet-stream",
      "content-length": String(size),
    });
    const head = await file({}, "HEAD");
    expect([head.status, head.headers.get("etag"), head.headers.get("content-length")]).toEqual([
      200,
      etag,
      String(size),
    ]);

    const part = async (range: string, more = {}) => {
      const response = await file({ range, ...more });
      const bytes = Buffer.from(await response.arrayBuffer());
      return [response.status, response.headers.get("content-range"), bytes] as const;
    };
    expect(await part("bytes=0-15")).toEqual([206, `bytes 0-15/${size}`, content.subarray(0, 16)]);
    expect(await part("bytes=16-")).toEqual([206, `bytes 16-${size - 1}/${size}`, content.subarray(16)]);
    expect(await part("bytes=-5")).toEqual([206, `bytes ${size - 5}-${size - 1}/${size}`, content.subarray(-5)]);
    expect(await part("bytes=0-3", { "if-range": etag })).toEqual([206, `bytes 0-3/${size}`, content.subarray(0, 4)]);
    expect(await part("bytes=0-3", { "if-range": '"another"' })).toEqual([200, null, content]);
    expect(await part("bytes=0-1,4-5")).toEqual([200, null, content]);

    const again = await file({ "if-none-match": `"x", ${etag}` });
    expect([again.status, again.headers.get("etag"), await again.text()]).toEqual([304, etag, ""]);
    const beyond = await file({ range: `bytes=${size}-` });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${size}`]);
    expect(beyond.headers.get("cache-control")).toBe("no-store");
    expect(await beyond.json()).toMatchObject({ error: { code: "range_not_satisfiable" } });
  });

  it("gives out a log that was too large for the event, which match-service has, in all of its parts", async () => {
    const baseUrl = `http://127.0.0.1:${system.env["MATCH_GRPC_PORT"]}`;
    const matches = createRpcClient({ service: MatchService, baseUrl, dependency: anyMethods(5000) });
    const large = uuidv7();
    const inputLog = new Uint8Array(randomBytes(190 * 1024)); // no log, as its checksum shows: the verdict is not looked for here
    const seats = players.map(({ player }, seat) => ({ seat, playerId: player.playerId, playerName: player.name }));
    const what = { matchId: large, mode: "duel", gameId: "duel", buildId: duel.buildId, seed: 1, shardId: "test" };
    await matches.call.createMatch({ ...what, seats });
    const ranks = seats.map(({ seat }) => ({ seat, score: 1, rank: 1 }));
    const completed = { reason: EndReason.PLAYED, seats: ranks };
    await matches.call.recordResult({
      matchId: large,
      epoch: 1,
      shardId: "test",
      ticks: 9,
      stateHash: "0badcafe",
      inputLog,
      outcome: { case: "completed", value: completed },
    });
    await matches.stop?.();
    expect((await deliverEnded(system, large)).data).not.toHaveProperty("inputLog");
    const { replays } = (players[0] as TestPlayer).client;
    await until(async () => ((await replays.of(large)).verdict ? undefined : "no verdict"), 60_000);
    expect(await replays.of(large)).toMatchObject({ verdict: "unverifiable", verdictReason: "log_unreadable" });
    const bytes = Buffer.from(await replays.download(large));
    expect(bytes.subarray(-inputLog.length)).toEqual(Buffer.from(inputLog));
    expect((await replays.of(large)).file).toEqual({
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("base64url"),
    });
  });

  it("refuses whoever is not logged in, unknown matches, players and cursors", async () => {
    const { replays } = (players[0] as TestPlayer).client;
    const nobody = "01a20ab2-2d4a-7326-a77a-000000000000";
    expect((await fetch(`${system.url}/v1/matches/${matchId}/replay/file`)).status).toBe(401);
    await expect(replays.of(nobody)).rejects.toMatchObject({ code: "replay_not_found", status: 404 });
    await expect(replays.download(nobody)).rejects.toMatchObject({ code: "replay_not_found", status: 404 });
    await expect(replays.list({ playerId: nobody })).rejects.toMatchObject({ code: "player_not_found" });
    await expect(replays.list({ cursor: "nonsense" })).rejects.toMatchObject({ code: "bad_cursor", status: 400 });
  });

  it("refuses only replays while replay-service is away, and has them again when it is back", async () => {
    await system.stop("replay");
    const ready = await fetch(`http://127.0.0.1:${system.env["EDGE_ADMIN_PORT"]}/readyz`);
    await expect(replay()).rejects.toMatchObject({ code: "unavailable", status: 503 });
    expect(ready.status).toBe(200);
    await players[0]?.client.me();
    await system.start("replay");
    await until(() => replay().then(() => undefined, String), 30_000);
  });
});
