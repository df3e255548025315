// Matches, replays, spectators and leaderboards on the player's page, in a real browser.
import { duel } from "@muster/game-duel";
import { four, fourBot } from "@muster/game-four";
import { openReplayFile, Replay } from "@muster/game-kit";
import { until } from "@muster/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  describeWithBrowser,
  expectAccessible,
  openBrowser,
  picture,
  playAsGuest,
  type TestBrowser,
} from "./browser-kit.ts";
import { matched, pilot, playing, type TestPlayer } from "./players.ts";
import { rateDuels } from "./rated.ts";
import { deliverEnded } from "./replayed.ts";
import { reportsOf } from "./reports.ts";
import { startSystem, type System } from "./system.ts";

const MODES = {
  duel: { game: "duel", seats: 2, options: {} },
  four: { game: "four", seats: 2, options: {} },
  "duel-quick": { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 150 } },
};

describeWithBrowser("matches on the player's page", () => {
  let system: System;
  let browser: TestBrowser;
  let page: Page;
  let players: readonly TestPlayer[];
  let matchId: string;
  beforeAll(async () => {
    system = await startSystem({
      page: true,
      env: { MATCHMAKER_MODES: JSON.stringify(MODES), GATEWAY_SPECTATOR_DELAY_MS: "1000" },
    });
    browser = await openBrowser();
    page = await browser.visit(system.url);
    await playAsGuest(page);
    const begun = await playing(system);
    ({ players } = begun);
    for (const match of begun.matches) pilot(match);
    await Promise.all(begun.matches.map((match) => match.ended));
    matchId = begun.found[0].matchId;
    await verified(begun.players[0], matchId);
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
  });

  const verified = async ({ client }: TestPlayer, id: string): Promise<void> => {
    await deliverEnded(system, id);
    await until(async () => ((await client.replays.of(id)).verdict ? undefined : "no verdict"), 60_000);
  };
  const shown = async (): Promise<{ tick: number; hash: string | null }> => {
    const viewer = page.locator("[data-hash]");
    return {
      tick: Number(await viewer.getAttribute("data-tick")),
      hash: await viewer.getAttribute("data-hash"),
    };
  };

  it("plays a verified replay to the very states of the match: by keys, steps, clock and to its end", async () => {
    await page.goto(`${system.url}/matches/${matchId}`);
    await page.locator('[data-verdict="verified"]').waitFor();
    await page.getByText("came to the same result.").last().waitFor();
    const { setup, log } = await openReplayFile(await (players[0] as TestPlayer).client.replays.download(matchId));
    const original = new Replay(duel, setup, log);
    const expectSame = async (): Promise<void> => {
      const { tick, hash } = await shown();
      original.seek(tick);
      expect(hash, `tick ${tick}`).toBe(original.hash);
    };
    const position = page.getByLabel("Position");
    await expectSame();
    for (const tick of [97, 12]) {
      await position.fill(String(tick));
      expect((await shown()).tick).toBe(tick);
      await expectSame();
    }
    await position.press("ArrowRight");
    await page.getByRole("button", { name: "One tick forward" }).click();
    expect((await shown()).tick).toBe(14);
    await page.getByRole("button", { name: "One tick back" }).click();
    expect((await shown()).tick).toBe(13);
    await expectSame();
    await expectAccessible(page, "the replay");
    await picture(page, "replay");
    await page.getByLabel("Speed").selectOption("8");
    await position.press("Space");
    await until(async () => ((await shown()).tick === original.ticks ? undefined : "it still plays"), 20_000);
    await expectSame();
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  }, 60_000);

  it("shows a match of four in a row move by move", async () => {
    const { players: two, found } = await matched(system, "four");
    const matches = await Promise.all([two[0].realtime.join(found[0], four), two[1].realtime.join(found[1], four)]);
    for (const match of matches) {
      const move = ({ state }: Pick<NonNullable<typeof match.latest>, "state">): void => {
        const input = state.toMove === match.seat && state.winner === 0 ? fourBot(state, match.seat) : undefined;
        if (input) match.send(input);
      };
      if (match.latest) move(match.latest);
      match.onSnapshot(move);
    }
    await Promise.all(matches.map(({ ended }) => ended));
    await verified(two[0], found[0].matchId);
    await page.goto(`${system.url}/matches/${found[0].matchId}`);
    const position = page.getByLabel("Position");
    await position.press("End");
    const { setup, log } = await openReplayFile(await two[0].client.replays.download(found[0].matchId));
    const original = new Replay(four, setup, log);
    original.seek(original.ticks);
    expect(await shown()).toEqual({ tick: original.ticks, hash: original.hash });
    expect(await page.locator(".disc").count()).toBe(original.state.moves);
  }, 60_000);

  it("lists a running match, shows it to spectators, and leads them to its result", async () => {
    await page.goto(`${system.url}/watch`);
    await page.getByText("Nobody is playing right now.").waitFor();
    await expectAccessible(page, "no live matches");
    const { players: two, found, matches } = await playing(system, "duel");
    for (const match of matches) pilot(match);
    await until(async () => {
      await page.getByRole("button", { name: "Refresh" }).click();
      return (await page.locator(`a[href="/watch/${found[0].matchId}"]`).count()) > 0 ? undefined : "not listed";
    }, 15_000);
    await expectAccessible(page, "live matches");
    await picture(page, "live-matches");
    await page.locator(`a[href="/watch/${found[0].matchId}"]`).click();
    await page.getByText("later than its players.").waitFor();
    const clock = page.locator(".clock");
    const before = await clock.textContent();
    await until(async () => ((await clock.textContent()) === before ? "nothing moves" : undefined), 20_000);
    await expectAccessible(page, "a watched match");
    await picture(page, "watched-match");
    await two[0].realtime.leaveMatch();
    await page.getByRole("link", { name: "Result and replay" }).click({ timeout: 20_000 });
    await page.locator(`a[href="/players/${two[1].player.playerId}"]`).waitFor();
  }, 90_000);

  it("shows the leaderboard, one's own rank, the players behind it, and what is not there yet", async () => {
    const own = (await page.locator("[data-player]").getAttribute("data-player")) as string;
    await page.goto(`${system.url}/leaderboard`);
    await page.getByText("Nobody has played a rated match here yet.").waitFor();
    await expectAccessible(page, "an empty leaderboard");
    await page.goto(`${system.url}/history`);
    await page.getByText("You have not played yet.").waitFor();
    await expectAccessible(page, "an empty history");
    const [a, b] = players.map(({ player }) => player.playerId) as [string, string];
    await rateDuels(system, "duel", [
      [own, a],
      [b, own],
      [own, b],
    ]);
    await page.goto(`${system.url}/leaderboard/duel`);
    await page.locator("[data-own-rank]").waitFor();
    expect(await page.locator('section[aria-labelledby="top"] tbody tr').count()).toBe(3);
    await page.locator(".plot canvas").waitFor();
    await expectAccessible(page, "a leaderboard");
    await picture(page, "leaderboard");
    await page.locator(`section[aria-labelledby="top"] a[href="/players/${a}"]`).click();
    await page.locator(`a[href="/matches/${matchId}"]`).waitFor();
    await page.getByRole("button", { name: /^Report / }).click();
    await page.getByRole("dialog").getByLabel("An offensive name").check();
    await page.getByRole("dialog").getByRole("button", { name: "Send the report" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    expect((await reportsOf(system, a)).map(({ category }) => category)).toEqual(["name"]);
    await expectAccessible(page, "a player");
    await picture(page, "player");
  }, 60_000);

  it("says what is wrong with an address, and offers who is not signed in the way in", async () => {
    await page.goto(`${system.url}/matches/018f0000-0000-7000-8000-000000000000`);
    await page.getByText("There is no such match.").waitFor();
    await page.getByRole("heading", { name: "Match", exact: true }).waitFor();
    const stranger = await browser.visit(`${system.url}/leaderboard/duel`, { locale: "de-DE" });
    await stranger.getByText("Diese Seite ist für Spieler.").waitFor();
    await expectAccessible(stranger, "a page for players");
    await stranger.getByRole("button", { name: "Als Gast spielen" }).click();
    await stranger.getByText("Du hast in dieser Saison noch kein gewertetes Spiel.").waitFor();
  }, 60_000);
});
