// What happens to an account reaches its topic, in its order.
import { TopicReader } from "@muster/events/testing";
import { describeWithKafka, kafkaBrokers, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";

describeWithKafka("the relay of identity-service", () => {
  it("publishes registrations, bans and their end, those of a player in their order", async () => {
    await using reader = await TopicReader.open(kafkaBrokers(), "muster.players.v1");
    await using harness = await startHarness({ IDENTITY_KAFKA_BROKERS: kafkaBrokers().join(",") });
    const register = async (name: string): Promise<string> => {
      const { profile } = await harness.call.register({ name, password: "correct horse battery" });
      return profile?.playerId as string;
    };
    const [actorId, playerId] = [await register("sheriff"), await register("suspect")];
    await harness.raw(`update accounts set role = 'moderator' where id = '${actorId}'`);
    await harness.call.banPlayer({ actorId, playerId, reason: "cheating" });
    await harness.call.unbanPlayer({ actorId, playerId, reason: "no cheating" });
    const ofPlayer = (): string[] =>
      reader.events.flatMap(({ type, data }) => ("playerId" in data && data.playerId === playerId ? type : []));
    const wanted = ["player.registered", "player.banned", "player.unbanned"];
    await until(() => (ofPlayer().length >= wanted.length ? undefined : `only ${ofPlayer()}`), 20_000);
    expect(ofPlayer()).toEqual(wanted);
    const [registered] = reader.of("player.registered").filter(({ data }) => data.playerId === playerId);
    expect(registered).toMatchObject({
      source: "muster/identity-service",
      data: { name: "suspect", kind: "registered" },
    });
  });
});
