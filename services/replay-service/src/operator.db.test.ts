import { Decision } from "@muster/contracts/replay/v2";
import { describeWithMariadb, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deliver, type Harness, judged, startHarness } from "../test/harness.ts";
import { endedMatch } from "../test/matches.ts";
import { runOperator } from "./operator-commands.ts";

describeWithMariadb("an operator's commands on replays", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ env: { REPLAY_VERIFY_WITHIN_MS: "60000" } });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const run = async (...args: string[]): Promise<{ code: number; lines: string }> => {
    const lines: string[] = [];
    const out = { log: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
    const code = await runOperator(args, { REPLAY_DB_URL: harness.url }, out);
    return { code, lines: lines.join("\n") };
  };
  const told = (effect: string) =>
    until(() => (harness.peers.effects.at(-1) === effect ? undefined : `${harness.peers.effects}`));

  it("lists suspect matches, and has what was accepted put back into the ratings, however long rating-service is away", async () => {
    expect(await run("suspects")).toEqual({ code: 0, lines: "no suspect match waits for a decision" });
    const event = await endedMatch({ stateHash: "0badcafe" });
    const { matchId } = event.data;
    harness.peers.away = true;
    await deliver(harness, event);
    await judged(harness, matchId);
    const { lines } = await run("suspects");
    expect(lines).toContain(`${matchId}  ended`);
    expect(lines).toContain("state_hash_differs  undecided  ratings: not told yet");
    expect(lines).toContain("not 0badcafe");
    harness.peers.away = false;
    await told(`excluded ${matchId}`);

    // By REST: who decides is stored beside the decision, and a decision may be replaced.
    const actorId = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
    const order = { actorId, matchId, decision: Decision.CONFIRMED, reason: "looked at" };
    const playerId = event.data.participants[0]?.playerId ?? "";
    for (const dryRun of [true, false])
      await expect(harness.call.decideSuspectMatch({ ...order, actorId: playerId, dryRun })).rejects.toMatchObject({
        code: "not_allowed", // nobody decides on a match of their own
      });
    await harness.call.decideSuspectMatch({ ...order, dryRun: true });
    const { matches: open } = await harness.call.listSuspectMatches({});
    expect(open).toMatchObject([
      { replay: { matchId, decision: Decision.UNSPECIFIED }, applied: "excluded", decidedBy: "" },
    ]);
    await harness.call.decideSuspectMatch(order);
    expect((await harness.call.listSuspectMatches({})).matches).toEqual([]);
    const { matches: decided } = await harness.call.listSuspectMatches({ decided: true });
    expect(decided).toMatchObject([
      { replay: { matchId, decision: Decision.CONFIRMED }, decidedBy: actorId, decidedWhy: "looked at" },
    ]);
    await expect(harness.call.decideSuspectMatch({ ...order, matchId: actorId })).rejects.toMatchObject({
      code: "replay_not_found",
    });

    expect((await run("accept", matchId.toUpperCase(), "a known bug of build 1")).code).toBe(0);
    await told(`included ${matchId}`);
    expect((await run("suspects")).lines).toBe("no suspect match waits for a decision");
    expect((await run("suspects", "--all")).lines).toContain("accepted by operator (a known bug of build 1)");
    expect((await run("confirm", matchId, "it was none")).code).toBe(0);
    await told(`excluded ${matchId}`);
  });

  it("has matches verified again, which then say what they say now", async () => {
    const event = await endedMatch();
    const { matchId } = event.data;
    await deliver(harness, event);
    await judged(harness, matchId);
    // As if the build had been installed meanwhile.
    const old = { verdict: "unverifiable", reason: "build_missing" } as const;
    await harness.db.updateTable("replays").set(old).where("match_id", "=", matchId).execute();
    expect(await run("reverify", "build_missing")).toEqual({ code: 0, lines: "1 to be verified again" });
    const again = async () => ((await judged(harness, matchId)).verdict === "verified" ? undefined : "not yet");
    await until(again, 60_000);
    expect((await run("reverify", matchId)).code).toBe(0);
  });

  it("refuses what is wrong, and says so of matches that are not suspect", async () => {
    const nobody = "01a20ab2-2d4a-7326-a77a-000000000000";
    for (const words of [
      ["suspects", "x"],
      ["accept", "x", "y"],
      ["accept", nobody],
      ["confirm", nobody, "a".repeat(201)],
      ["reverify"],
      ["reverify", "No Reason"],
    ])
      expect((await run(...words)).code, words.join(" ")).toBe(2);
    expect(await run("accept", nobody, "because")).toEqual({ code: 1, lines: `${nobody} is not suspect` });
    expect((await run("reverify", nobody)).code).toBe(1);
  });
});
