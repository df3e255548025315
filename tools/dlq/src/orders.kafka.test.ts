// What an operator orders by the console is done, whoever dies meanwhile, on the real broker.
import { PermanentError, type Producer } from "@muster/events";
import { describeWithKafka, until } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { players, World } from "../test/world.ts";

const ACTOR = uuidv7();
const NO_CONTEXT = undefined as never;

class Died extends Error {}

/** The process dies before or after one of its sends: nothing that it would have done afterwards happens. */
function dying(producer: Producer, send: number, when: "before" | "after"): Producer {
  let sends = 0;
  return {
    name: "dies",
    async send(records) {
      const dies = sends++ === send;
      if (dies && when === "before") throw new Died();
      await producer.send(records);
      if (dies) throw new Died();
    },
  };
}

const DEATHS = [0, 1, 2].flatMap((send) => [[send, "before"] as const, [send, "after"] as const]);

type Handling = "replayed" | "discarded";
type Answer = { readonly ordered?: number; readonly done?: number; readonly leftOut?: number };

async function order(world: World, handling: Handling, offsets: bigint[], again = false): Promise<Answer> {
  const request = { actorId: ACTOR, handling, offsets, reason: "modes are back", again, dryRun: false };
  const { handleDeadLetters } = world.delivery();
  return retried(async () => (await handleDeadLetters(request as never, NO_CONTEXT)) as Answer);
}

async function states(world: World): Promise<string[]> {
  const { listDeadLetters } = world.delivery();
  const request = { state: "any", pageSize: 50, afterOffset: -1n };
  const { letters = [] } = await retried(async () => listDeadLetters(request as never, NO_CONTEXT));
  return letters.map(({ offset, state }) => `${offset} ${state}`);
}

async function retried<T>(ask: () => Promise<T>): Promise<T> {
  let answer: T | undefined;
  await until(async () => {
    try {
      answer = await ask();
      return undefined;
    } catch (err) {
      if (!["letters_being_read", "kafka_away"].includes((err as { code?: string }).code ?? "")) throw err;
      return "being read";
    }
  }, 30_000);
  return answer as T;
}

/** Each letter's order meets its own death, and whoever comes afterwards does it again. */
async function dieAtEveryStep(world: World, handling: Handling, offsets: readonly bigint[]): Promise<void> {
  const producer = world.broker.producer();
  for (const [i, [send, when]] of DEATHS.entries()) {
    const offset = offsets[i] as bigint;
    expect(await order(world, handling, [offset])).toMatchObject({ ordered: 1, done: 0 });
    await expect(world.carryOut(`dies ${i}`, dying(producer, send, when))).rejects.toThrow(Died);
    expect(await states(world)).toContain(`${offset} ordered`); // not forgotten, and nobody can order the contrary
    await expect(order(world, "discarded", [offset])).rejects.toMatchObject({ code: "letters_handled" });
    expect(await world.carryOut("too early", producer)).toBe(false);
    await world.timePasses();
    expect(await world.carryOut("the next one", producer)).toBe(true);
    expect(await world.carryOut("the next one", producer)).toBe(false);
  }
  await producer.stop?.();
}

describeWithKafka("an order on dead letters", () => {
  it("is carried out though whoever does it dies at any step: each event has its effect once, and one line in the audit", async () => {
    await using world = await World.open("none");
    const ids = players(DEATHS.length);
    for (const id of ids) world.broken.set(id, new PermanentError("no such mode"));
    const eventIds = await world.publish(ids);
    await world.untilOpen(ids.length);
    world.broken.clear();
    const offsets = DEATHS.map((_, i) => BigInt(i));
    await dieAtEveryStep(world, "replayed", offsets);
    await world.untilEffects(ids.length);
    await world.untilOpen(0);
    expect((await world.effects()).toSorted()).toEqual(eventIds.toSorted());
    const audit = (await world.dlq("audit")).lines;
    expect(audit.map((line) => /offset \d+/.exec(line)?.[0])).toEqual(offsets.map((offset) => `offset ${offset}`));
    expect(audit[0]).toContain(`${ACTOR}  replayed`);
    const marked = (await world.dlq("list", "--state", "replayed", "--json")).lines.filter((line) =>
      line.startsWith("{"),
    );
    expect(marked).toHaveLength(ids.length);
  });

  it("to give up an event that holds its key frees that key, at whichever step it is interrupted", async () => {
    await using world = await World.open("per key");
    const ids = players(DEATHS.length);
    for (const id of ids) world.broken.set(id, new Error("a bug"));
    await world.publish(ids);
    await world.untilOpen(ids.length);
    world.broken.clear();
    const behind = await world.publish(ids);
    await until(async () => ((await world.parked()) === 2 * ids.length ? undefined : `${await world.parked()} parked`));
    await dieAtEveryStep(
      world,
      "discarded",
      DEATHS.map((_, i) => BigInt(i)),
    );
    await world.untilEffects(ids.length);
    expect((await world.effects()).toSorted()).toEqual(behind.toSorted());
    expect(await world.parked()).toBe(0);
  });

  it("counts once when two operators give it at once; what is handled is left out, and a discard can be taken back", async () => {
    await using world = await World.open("none");
    const ids = players(3);
    for (const id of ids) world.broken.set(id, new PermanentError("no such mode"));
    const eventIds = await world.publish(ids);
    await world.untilOpen(3);
    world.broken.clear();
    const producer = world.broker.producer();
    const both = await Promise.allSettled([order(world, "replayed", [0n, 1n]), order(world, "discarded", [0n, 1n])]);
    const won = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    expect(won).toMatchObject([{ ordered: 2, leftOut: 0 }]);
    while (await world.carryOut("a", producer));
    expect(await order(world, "discarded", [0n, 1n, 2n])).toMatchObject({ ordered: 1, leftOut: 2 });
    while (await world.carryOut("a", producer));
    const known = await states(world);
    expect(known[2]).toBe("2 discarded");
    await expect(order(world, "replayed", [2n])).rejects.toMatchObject({ code: "letters_handled" });
    await expect(order(world, "replayed", [9n])).rejects.toMatchObject({ code: "letter_not_found" });
    expect(await order(world, "replayed", [0n, 1n, 2n], true)).toMatchObject({ ordered: 3 });
    while (await world.carryOut("a", producer));
    await world.untilEffects(3);
    expect((await world.effects()).toSorted()).toEqual(eventIds.toSorted());
    expect(await states(world)).toEqual(["0 replayed", "1 replayed", "2 replayed"]);
    await producer.stop?.();
  });

  it("shows all of a letter, and nothing in it that could pass for something else", async () => {
    await using world = await World.open("none");
    await world.send([
      { topic: "", key: "\u001b[2Jk", value: Buffer.from([0xff, 0x00]), headers: { ce_type: "player.banned" } },
    ]);
    await world.untilOpen(1);
    const { getDeadLetter, listDeadLetters } = world.delivery();
    const found = await retried(async () => getDeadLetter({ offset: 0n } as never, NO_CONTEXT));
    expect(found).toMatchObject({
      letter: { state: "open", type: "player.banned", key: "\\u001b[2Jk", failure: "invalid", payloadBytes: 2 },
      base64: true,
      payload: "/wA=",
    });
    const none = await retried(async () =>
      listDeadLetters({ state: "open", pageSize: 1, afterOffset: 0n } as never, NO_CONTEXT),
    );
    expect(none).toMatchObject({ letters: [], more: false, open: 1 });
  });
});
