// The operator's console in a real browser, through nginx, with real services.
import { TopicReader } from "@muster/events/testing";
import { findKafka } from "@muster/local";
import * as shard from "@muster/shard/testing";
import { type PrivateKafka, startPrivateKafka, until } from "@muster/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWithBrowser, expectAccessible, openBrowser, picture, type TestBrowser } from "./browser-kit.ts";
import {
  account as newAccount,
  logIn,
  operator as newOperator,
  order,
  reportedMessage,
  section,
  sections,
  signIn,
} from "./console-kit.ts";
import { connected, guest, makeAdmin, playing, randomName } from "./players.ts";
import { ACTIONS, pressed } from "./pressed-actions.ts";
import { suspectMatch } from "./replayed.ts";
import { comparedWithTable } from "./dependencies.ts";
import { startSystem, type System } from "./system.ts";

describeWithBrowser("the operator's console", () => {
  let system: System;
  let browser: TestBrowser;
  let kafka: PrivateKafka | undefined;
  let secondShard: ReturnType<typeof shard.service.createApp>;
  beforeAll(async () => {
    if (findKafka() !== undefined) kafka = await startPrivateKafka();
    const services = kafka ? ["IDENTITY", "MATCH", "RATING", "REPLAY"] : [];
    const brokers = services.map((name) => [`${name}_KAFKA_BROKERS`, kafka?.brokers.join(",") ?? ""]);
    system = await startSystem({
      page: true,
      secondGateway: true,
      env: Object.fromEntries(brokers) as Record<string, string>,
    });
    browser = await openBrowser();
    const own = { SHARD_LINK_PORT: "0", SHARD_ADMIN_PORT: "0", SHARD_LINK_ADDRESS: "auto" };
    secondShard = shard.service.createApp(shard.readConfig({ ...system.env, ...own }), {
      log: system.logs.shard.logger("shard"),
    });
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
    await kafka?.[Symbol.asyncDispose]();
  });

  const account = (): ReturnType<typeof newAccount> => newAccount(system);
  const operator = (role: "admin" | "moderator"): Promise<Page> => newOperator(system, browser, role);

  it("names the command that makes a first admin, refuses a player with words, and lets in who has become one", async () => {
    const { name, playerId } = await account();
    const page = await browser.visit(`${system.url}/console`);
    await page.getByText("scripts/operator.sh make-admin NAME").waitFor();
    await expectAccessible(page, "the console's log-in page");
    await picture(page, "console-sign-in");
    await signIn(page, name);
    await page.getByText(`${name} is a player, and this console is for moderators and admins`).waitFor();
    await page.getByText(`scripts/operator.sh make-admin ${name}`).waitFor();
    expect(await page.getByRole("link", { name: "Console" }).count()).toBe(0);
    await expectAccessible(page, "the refusal");
    await picture(page, "console-refused");
    await makeAdmin(system, playerId);
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByRole("heading", { name: "System" }).waitFor();
  }, 60_000);

  it("bans a player, whose connection ends; the audit log says so and verifies; a key is rotated", async () => {
    const page = await operator("admin");
    const { player, realtime } = await connected(system);
    const closed = new Promise<void>((resolve) => realtime.onClosed(() => resolve()));
    await section(page, "Players");
    await page.getByLabel("Start of the name").fill(player.name);
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("link", { name: player.name }).click();
    await page.getByRole("heading", { name: player.name }).waitFor();
    await page.getByRole("cell").first().waitFor();
    await expectAccessible(page, "an account in the console");
    await picture(page, "console-account");
    await page.getByRole("button", { name: "Ban", exact: true }).click();
    await expectAccessible(page, "the question before a ban");
    await picture(page, "console-question");
    expect(await order(page, "Ban", "insults")).toBe(`${player.name} is banned.`);
    await closed;
    await page.locator("[data-account]").getByText("insults").waitFor();

    await section(page, "Audit log");
    const entry = page.locator("[data-entry=player_banned]").first();
    await entry.getByText("insults").waitFor();
    await entry.getByRole("link", { name: player.name }).waitFor();
    await page.getByRole("button", { name: "Verify the chain" }).click();
    await page.locator("[data-chain=intact]").waitFor();
    await expectAccessible(page, "the audit log");
    await picture(page, "console-audit");

    await page.goto(`${system.url}/console/players/${player.playerId}`);
    await page.getByRole("button", { name: "Lift the ban" }).click();
    expect(await order(page, "Lift the ban")).toBe(`${player.name} may sign in again.`);
    await section(page, "Signing keys");
    await page.locator("[data-key=active]").waitFor();
    await page.getByRole("button", { name: "Rotate" }).click();
    expect(await order(page, "Rotate")).toMatch(/^The next key is /);
    await page.locator("[data-key=pending]").waitFor();
    await expectAccessible(page, "the signing keys");
    await picture(page, "console-keys");
    await page.locator("[data-key=pending]").getByRole("button", { name: "Withdraw" }).click();
    expect(await order(page, "Withdraw", "in a public log")).toMatch(/ is withdrawn\.$/);
    await page.locator("[data-key=pending]").waitFor({ state: "detached" });
  }, 90_000);

  it("shows a moderator only what its role may, and refuses the rest in words", async () => {
    const page = await operator("moderator");
    expect(await sections(page)).toEqual([
      "System",
      "Players",
      "Matches",
      "Queues",
      "Reports",
      "Chat",
      "Suspect matches",
    ]);
    await page.locator("[data-shard]").waitFor();
    expect(await page.getByRole("button", { name: /^Drain/ }).count()).toBe(0);
    await page.goto(`${system.url}/console/keys`);
    await page.getByText("This page is not for your role").waitFor();
    const admin = await account();
    await makeAdmin(system, admin.playerId);
    await page.goto(`${system.url}/console/players/${admin.playerId}`);
    await page.getByText("Only somebody with a higher role").waitFor();
    for (const name of ["Ban", "Change the role", "Sign out", "Sign out all devices"])
      expect(await page.getByRole("main").getByRole("button", { name, exact: true }).count(), name).toBe(0);
    const { player } = await guest(system.url);
    await page.goto(`${system.url}/console/players/${player.playerId}`);
    await page.getByRole("button", { name: "Ban", exact: true }).waitFor();
    await makeAdmin(system, player.playerId); // meanwhile: what the page shows is no longer so
    await page.getByRole("button", { name: "Ban", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("too late");
    await page.getByRole("dialog").getByRole("button", { name: "Ban", exact: true }).click();
    await page.getByRole("dialog").getByText("Your account may not do this").waitFor();
  }, 90_000);

  it("shows the system live, and refuses to drain the last shard in words", async () => {
    const page = await operator("admin");
    await page.locator("[data-shard]").waitFor();
    await page.locator("[data-status]").waitFor();
    await expectAccessible(page, "the system");
    await picture(page, "console-system");
    await page
      .locator("[data-shard]")
      .getByRole("button", { name: /^Drain/ })
      .click();
    await page.getByRole("dialog").getByLabel("Reason").fill("trying");
    await page.getByRole("dialog").getByRole("button", { name: "Drain" }).click();
    await page.getByRole("dialog").getByText("This process cannot be drained").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Back" }).click();
    await system.stop("replay");
    await page.locator("[data-process=replay-service] .bad").waitFor({ timeout: 20_000 });
    await system.start("replay");
    await page.locator("[data-process=replay-service] .bad").waitFor({ state: "detached", timeout: 20_000 });
  }, 90_000);

  it("takes a player out of a queue, cancels a match, and decides on a report", async () => {
    const page = await operator("moderator");
    const waiting = await connected(system);
    const refused = waiting.realtime.queue("duel").then(
      () => undefined,
      (err: unknown) => (err as { code?: string }).code,
    );
    await section(page, "Queues");
    await page.locator("[data-queue=duel] a").waitFor();
    await expectAccessible(page, "the queues");
    await picture(page, "console-queues");
    await page.locator("[data-queue=duel] a").click();
    await until(async () => {
      await page.getByRole("button", { name: "Refresh" }).click();
      return (await page.locator("[data-ticket]").count()) === 1 ? undefined : "not queued";
    });
    await page.getByRole("button", { name: "Take out" }).click();
    expect(await order(page, "Take out")).toContain("is out of the queue");
    expect(await refused).toBe("removed_by_operator");
    waiting.realtime.close();

    const { players, found } = await playing(system, "duel", [0, 0]);
    await section(page, "Matches");
    const row = page.locator(`[data-match-row="${found[0].matchId}"]`);
    await row.waitFor();
    expect(await row.getByRole("link", { name: "Watch" }).getAttribute("href")).toBe(`/watch/${found[0].matchId}`);
    await expectAccessible(page, "the matches");
    await picture(page, "console-matches");
    await row.getByRole("button", { name: "Cancel the match" }).click();
    expect(await order(page, "Cancel the match", "stuck")).toContain("The match is cancelled");
    await row.waitFor({ state: "detached" });
    await page.getByLabel("State").selectOption("cancelled");
    await row.getByRole("link", { name: "Result and replay" }).waitFor();
    for (const { realtime } of players) realtime.close();

    const { client, offender, channelId, seq } = await reportedMessage(system, "something bad");
    await section(page, "Reports");
    const report = page.locator("[data-report]", { hasText: offender.name });
    await report.getByText("something bad").waitFor();
    await expectAccessible(page, "the reports");
    await picture(page, "console-reports");
    await report.getByRole("button", { name: "Delete the message" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete the message" }).click();
    await page.getByText("The message is deleted").waitFor();
    expect((await client.chat.history(channelId)).messages[0]).toMatchObject({ seq, deleted: true });
    await report.getByRole("button", { name: "Uphold" }).click();
    expect(await order(page, "Uphold")).toBe("The decision is stored.");
    await report.waitFor({ state: "detached" });
    await section(page, "Suspect matches");
    await page.getByText("There are no such matches").waitFor();
    await expectAccessible(page, "the suspect matches");
  }, 120_000);

  it("changes a role, and signs devices out", async () => {
    const page = await operator("admin");
    const { name, playerId } = await account();
    for (let more = 0; more < 2; more++) await logIn(system, name);
    await page.goto(`${system.url}/console/players/${playerId}`);
    await page.getByRole("button", { name: "Change the role" }).click();
    await page.getByRole("dialog").getByLabel("Role").selectOption("moderator");
    expect(await order(page, "Change the role", "a good one")).toBe(`${name} has the role moderator now.`);
    await page.getByRole("row", { name: /test/ }).getByRole("button", { name: "Sign out", exact: true }).click();
    expect(await order(page, "Sign out")).toBe("The device test is signed out.");
    await page.getByRole("row", { name: /test/ }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Sign out all devices" }).click();
    expect(await order(page, "Sign out all devices")).toBe("2 sessions have ended.");
    await page.getByText("No session is open.").waitFor();
  }, 60_000);

  it("drains a gateway and a shard beside others, and undoes it", async () => {
    const page = await operator("admin");
    await secondShard.start();
    for (const kind of ["gateway", "shard"]) {
      await until(async () => ((await page.locator(`[data-${kind}]`).count()) === 2 ? undefined : `one ${kind}`));
      const row = page.locator(`[data-${kind}]`).first();
      const id = (await row.getAttribute(`data-${kind}`)) as string;
      const one = page.locator(`[data-${kind}="${id}"]`);
      await one.getByRole("button", { name: /^Drain/ }).click();
      expect(await order(page, "Drain")).toBe(`${id} is told to drain. The list shows how far it is.`);
      await one.getByRole("button", { name: /^Undo the drain/ }).click();
      expect(await order(page, "Undo the drain")).toBe(`${id} is told to work again.`);
      await one.getByRole("button", { name: /^Drain/ }).waitFor();
    }
    await secondShard.stop();
  }, 60_000);

  it("finds a room by its name, mutes an author there and in all channels, lifts both; the chat's log says so and verifies", async () => {
    const page = await operator("moderator");
    const { client, player } = await guest(system.url);
    const name = `z ${randomName()}`;
    const { channelId } = await client.chat.createRoom(name, { private: true });
    await client.chat.post(channelId, "something worse");
    await section(page, "Chat");
    await page.getByLabel("Start of the room's name").fill(name.slice(0, -2).toUpperCase());
    await page.getByRole("button", { name: "Find rooms" }).click();
    const row = page.locator(`[data-room="${channelId}"]`);
    await row.getByText("who is invited").waitFor();
    await row.getByRole("link", { name: player.name }).waitFor();
    await expectAccessible(page, "the rooms in the console");
    await picture(page, "console-rooms");
    await row.getByRole("link", { name }).click();
    const message = page.locator("[data-message]", { hasText: "something worse" });
    await message.getByRole("link", { name: player.name }).waitFor();
    await expectAccessible(page, "a channel in the console");
    await picture(page, "console-chat");
    await message.getByRole("button", { name: "Mute in this channel" }).click();
    expect(await order(page, "Mute in this channel")).toBe(`${player.name} is muted in this channel.`);
    await expect(client.chat.post(channelId, "more")).rejects.toMatchObject({ code: "muted" });
    await message.getByRole("button", { name: "Lift the mute" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Lift the mute" }).click();
    await page.getByText(`${player.name} may write in this channel.`).waitFor();
    await client.chat.post(channelId, "sorry");
    await page.getByRole("button", { name: "The global channel" }).click();
    await page.locator(`[data-channel]:not([data-channel="${channelId}"])`).waitFor();
    await page.getByLabel("Id of the channel, or of the match").fill(channelId);
    await page.getByRole("button", { name: "Find", exact: true }).click();

    await message.getByRole("link", { name: player.name }).click();
    await page.getByText("This player may write everywhere.").waitFor();
    await page.getByRole("button", { name: "Mute in all channels" }).click();
    await page.getByLabel("For how long").selectOption("day");
    const says = `${player.name} is muted in all channels for 1 day.`;
    expect(await order(page, "Mute in all channels", "called names")).toBe(says);
    await page.locator("[data-mutes='1'] li", { hasText: /^in all channels until .*: called names$/ }).waitFor();
    await picture(page, "console-muted");
    const refused = { code: "muted", details: { everywhere: true, reason: "called names" } };
    await expect(client.chat.post(channelId, "more")).rejects.toMatchObject(refused);
    await page.getByRole("button", { name: "Lift the mute in all channels" }).click();
    const lifted = `${player.name} is no longer muted in all channels.`;
    expect(await order(page, "Lift the mute in all channels", "an apology")).toBe(lifted);
    await page.getByText("This player may write everywhere.").waitFor();
    await client.chat.post(channelId, "sorry");

    const admin = await operator("admin");
    await section(admin, "Audit log");
    await admin.locator("[data-entry=player_unmute_ordered]").getByText("an apology").waitFor();
    await admin.getByLabel("Log").selectOption("chat");
    await admin.locator("[data-entry=player_unmuted]").first().getByText("an apology").waitFor();
    const muting = admin.locator("[data-entry=player_muted]", { hasText: "called names" });
    await muting.getByRole("link", { name: player.name }).waitFor();
    await muting.getByText("in all channels").waitFor();
    await admin.getByRole("button", { name: "Verify the chain" }).click();
    await admin.locator("[data-chain=intact]").waitFor();
    await admin.getByText("scripts/operator.sh verify-moderation-log").waitFor();
    await expectAccessible(admin, "the moderation log");
    await picture(admin, "console-moderation-log");
  }, 90_000);

  it("decides on a suspect match", async () => {
    const page = await operator("moderator");
    await suspectMatch(system, "tick 7");
    await section(page, "Suspect matches");
    await page.getByText("tick 7").waitFor();
    await page.getByRole("button", { name: "Confirm the suspicion" }).click();
    expect(await order(page, "Confirm the suspicion")).toBe("The decision is stored.");
    await page.getByText("There are no such matches").waitFor();
  }, 60_000);

  it.skipIf(findKafka() === undefined)(
    "shows outboxes and lag, and dead letters with their payload; replays one, and discards a selection",
    async () => {
      const { brokers } = kafka as PrivateKafka;
      await using reader = await TopicReader.open(brokers, "muster.ratings.v1");
      const producer = reader.broker.producer();
      const [topic, headers] = ["muster.matches.v1", { ce_type: "match.ended", ce_id: crypto.randomUUID() }];
      const broken = ["one", "two", "three"].map((what) => `{"broken":"${what}"}`);
      await producer.send(broken.map((value) => ({ topic, key: "k", value: Buffer.from(value), headers })));
      await producer.stop?.();

      const page = await operator("admin");
      await section(page, "Events");
      await page.locator("[data-outbox=match-service] .good").waitFor();
      const lag = page.locator("[data-consumer=rating-service] [data-topic='muster.matches.v1'] td");
      await until(async () => ((await lag.nth(2).textContent()) === "0" ? undefined : "not read yet"), 30_000);
      expect(Number(await lag.nth(4).textContent())).toBeGreaterThanOrEqual(3);
      await expectAccessible(page, "the events");
      await picture(page, "console-events");

      await page.getByRole("link", { name: "Dead letters of rating-service" }).click();
      await page.getByText("3 are open.").waitFor({ timeout: 30_000 });
      const first = page.locator("[data-letter]").first();
      await first.getByText("invalid: it breaks its contract").waitFor();
      await first.getByRole("button", { name: "Show the payload" }).click();
      expect(await first.locator("[data-payload]").textContent()).toContain('"broken": "one"');
      await expectAccessible(page, "dead letters");
      await picture(page, "console-letters");
      await first.getByRole("button", { name: "Replay", exact: true }).click();
      expect(await order(page, "Replay", "trying again")).toBe("1 event is sent to be applied again.");
      // It is as broken as before: a new letter.
      await until(async () => {
        await page.getByRole("button", { name: "Refresh" }).click();
        return (await page.locator("[data-letter]").last().getAttribute("data-letter")) === "0" ||
          (await page.locator("[data-letter='0']").count()) > 0 ||
          (await page.locator("[data-letter]").count()) < 3
          ? "no new letter yet"
          : undefined;
      }, 30_000);
      await page.getByRole("button", { name: "Select all 3" }).click();
      await page.getByRole("button", { name: "Discard the selected 3" }).click();
      expect(await order(page, "Discard", "made by a test")).toBe("3 events are given up.");
      await page.getByText("None is open.").waitFor();
      await page.getByLabel("Show").selectOption("discarded");
      await page.locator("[data-letter]").first().getByText("made by a test").waitFor();
      await page.locator("[data-letter]").first().getByRole("button", { name: "Replay again" }).click();
      expect(await order(page, "Replay", "taken back")).toBe("1 event is sent to be applied again.");
      await section(page, "Audit log");
      await page.locator("[data-entry=dead_letters_discard_ordered]").getByText("rating-service").waitFor();
    },
    90_000,
  );

  it.skipIf(findKafka() === undefined)(
    "runs in processes that have built all of the dependency table, Kafka included",
    async () => {
      expect(await comparedWithTable(system)).toEqual({ unused: [], unlisted: [] });
    },
  );

  it("has no action that none of these tests has pressed", () => {
    const unpressed = ACTIONS.filter((id) => !pressed.has(id));
    expect(unpressed).toEqual(findKafka() ? [] : ["replayDeadLetters", "discardDeadLetters"]);
  });

  it("speaks German, and is not part of a player's first load", async () => {
    const page = await browser.visit(`${system.url}/console`, { locale: "de-DE" });
    await page.getByRole("heading", { name: "Konsole" }).waitFor();
    const html = await (await fetch(system.url, { headers: { accept: "text/html" } })).text();
    for (const [file] of html.matchAll(/\/page\/[^"]+\.js/g))
      expect(await (await fetch(system.url + file)).text(), file).not.toContain("make-admin");
  });
});
