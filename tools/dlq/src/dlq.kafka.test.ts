// Poison, its letter, and what an operator does with it, on the real broker.
import { BROKER_CLIENTS, PermanentError } from "@muster/events";
import { describeWithKafka, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { players, World } from "../test/world.ts";

const POISON = new PermanentError("no such mode");

describeWithKafka("an operator", () => {
  it.each(BROKER_CLIENTS)(
    "sees letters, tries a replay, does it after the fix, once; a second one is left out; every act is in the audit: %s",
    async (client) => {
      await using world = await World.open("none", client);
      const [good, bad, worse] = players(3) as [string, string, string];
      world.broken.set(bad, POISON);
      world.broken.set(worse, POISON);
      const [goodId, badId, worseId] = (await world.publish([good, bad, worse])) as [string, string, string];
      await world.send([
        { topic: "", key: "\u001b[2Jk\n\u009b1m", value: Buffer.from("{"), headers: { ce_type: "player.banned" } },
      ]);
      const open = await world.untilOpen(3);
      expect(open.map((line) => JSON.parse(line) as object)).toMatchObject([
        {
          offset: "0",
          state: "open",
          eventId: badId,
          type: "player.banned",
          key: bad,
          class: "permanent",
          attempts: 1,
        },
        { offset: "1", eventId: worseId, error: "PermanentError: no such mode" },
        { offset: "2", class: "invalid" },
      ]);
      expect(await world.metric("dlq_depth")).toEqual({ "": 3 });
      expect((await world.metric("dlq_oldest_seconds"))[""]).toBeGreaterThan(0);
      expect((await world.dlq("list", "--class", "invalid")).lines.at(-1)).toBe(
        "1 of 1 that match; 3 of 3 letters are open",
      );
      const said = [...(await world.dlq("list")).lines, ...(await world.dlq("show", "2")).lines];
      expect(said.filter((line) => /\p{Cc}/u.test(line))).toEqual([]);
      expect(said.join(" ")).toContain("\\u001b[2Jk \\u009b1m");
      const shown = (await world.dlq("show", "1")).lines.join("\n");
      expect(shown).toContain(`event     player.banned ${worseId}`);
      expect(shown).toContain('"bannedAt": "2026-11-27T12:00:00.000Z"');

      world.broken.clear();
      const tried = await world.dlq("replay", "--key", bad);
      expect(tried.lines.at(-1)).toMatch(/^1 would be replayed\. Nothing has been done/);
      await world.untilOpen(3);
      expect(await world.effects()).toEqual([goodId]);

      const replay = ["replay", "--key", bad, "--reason", "modes are back", "--apply"];
      expect(await world.dlq(...replay)).toEqual({ code: 0, lines: ["1 replayed"] });
      await world.untilEffects(2);
      await expect(world.dlq(...replay)).rejects.toThrow("no open letter matches");
      expect((await world.dlq(...replay, "--again", "--by", "bob")).lines).toEqual(["1 replayed"]);
      expect((await world.dlq("discard", "--class", "invalid", "--reason", "a test", "--apply")).lines).toEqual([
        "1 discarded",
      ]);
      const rest = await world.dlq("replay", "--type", "player.banned", "--reason", "the rest", "--apply");
      expect(rest.lines).toEqual([
        "2 of those that match were handled before, and are left out; --again replays them too",
        "1 replayed",
      ]);
      await world.untilEffects(3);
      // What was replayed twice had its turn before this one.
      expect(await world.effects()).toEqual([goodId, badId, worseId]);
      await world.untilOpen(0);
      await until(async () => ((await world.metric("dlq_depth"))[""] === 0 ? undefined : "the depth is not 0"));
      const any = (await world.dlq("list", "--state", "any", "--json")).lines.slice(0, 3);
      expect(any.map((line) => JSON.parse(line) as object)).toMatchObject([
        { state: "replayed", marked: { by: "bob", why: "modes are back" } },
        { state: "replayed", marked: { by: "ann@ops", why: "the rest" } },
        { state: "discarded", marked: { by: "ann@ops", why: "a test" } },
      ]);
      const audit = (await world.dlq("audit")).lines;
      const what = audit.map((line) => line.split("  ").slice(1, 5).toSpliced(2, 1).join(" "));
      expect(what).toEqual([
        "ann@ops replayed offset 0",
        "bob replayed offset 0",
        "ann@ops discarded offset 2",
        "ann@ops replayed offset 1",
      ]);
      expect(audit[0]).toContain("modes are back");
    },
  );

  it("frees a parked key: by a replay in its order, by a discard without the event that was given up", async () => {
    await using world = await World.open("per key");
    const [a, b] = players(2) as [string, string];
    world.broken.set(a, new Error("a bug"));
    world.broken.set(b, new Error("a bug"));
    const ids = await world.publish([a, b, a, b]);
    await world.untilOpen(2);
    await until(async () => ((await world.parked()) === 4 ? undefined : `${await world.parked()} parked`));
    expect(await world.metric("parked_keys")).toEqual({ dead: 2, retried: 0 });
    world.broken.clear();
    await world.dlq("discard", "--key", a, "--reason", "a test account", "--apply");
    await world.untilEffects(1);
    expect(await world.effects()).toEqual([ids[2]]);
    await world.dlq("replay", "--key", b, "--reason", "the bug is mended", "--apply");
    await world.untilEffects(3);
    expect(await world.effects()).toEqual([ids[2], ids[1], ids[3]]);
    expect(await world.parked()).toBe(0);
  });

  it("has a replayed event that fails again as a new letter, with where it was published and how it failed at first", async () => {
    await using world = await World.open("none");
    const [bad] = players(1) as [string];
    world.broken.set(bad, POISON);
    await world.publish([bad]);
    const [first = ""] = await world.untilOpen(1);
    await world.dlq("replay", "--all", "--reason", "too early", "--apply");
    await until(async () => {
      const { lines } = await world.dlq("list", "--state", "any", "--json");
      return lines.filter((line) => line.startsWith("{")).length === 2 ? undefined : "no second letter";
    }, 30_000);
    const [again = ""] = await world.untilOpen(1);
    const { origin } = JSON.parse(first) as { origin: string };
    expect(JSON.parse(again)).toMatchObject({ offset: "2", state: "open", origin });
  });

  it("replays no faster than it is told", async () => {
    await using world = await World.open("none");
    const ids = players(6);
    for (const id of ids) world.broken.set(id, POISON);
    await world.publish(ids);
    await world.untilOpen(6);
    world.broken.clear();
    const startedAt = performance.now();
    await world.dlq("replay", "--all", "--reason", "slowly", "--per-second", "3", "--apply");
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    await world.untilEffects(6);
  });
});
