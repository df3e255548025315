// After a match: its players' new ratings and ranks, as they come by match-service, Kafka and rating-service.
import { strict as assert } from "node:assert";
import { MusterError, type MusterClient, type Player, type Rating } from "@muster/client";

export interface Rated {
  readonly client: MusterClient;
  readonly player: Player;
}

/** A busy machine may take longer than a player should wait. */
const WITHIN_MS = 20_000;
const EVERY_MS = 50;

/** Without a Kafka there is nothing to see, and nothing wrong. `best` has won against `other`. */
export async function checkRatings(
  url: string,
  mode: string,
  matchId: string,
  [best, other]: [Rated, Rated],
): Promise<void> {
  const reason = await whyNotPublished(url);
  if (reason !== undefined) return console.log(`smoke: ratings are skipped: ${reason}`);
  const since = performance.now();
  const ratings = [await ratingAfter(best, mode, matchId, since), await ratingAfter(other, mode, matchId, since)];
  const [winner, loser] = ratings as [Rating, Rating];
  const [above, below] = [
    await best.client.ratings.rank(mode),
    await best.client.ratings.rank(mode, { playerId: other.player.playerId }),
  ];
  const tookS = (performance.now() - since) / 1000;
  assert.ok(winner.display > loser.display, "who has won is rated higher");
  assert.ok(above.rank < below.rank, "and ranks higher");
  const own = above.entries.find(({ playerId }) => playerId === best.player.playerId);
  assert.deepEqual(own, { rank: above.rank, playerId: best.player.playerId, name: best.player.name, rating: winner });
  assert.ok((await best.client.ratings.leaderboard(mode)).players >= 2, "both are on the leaderboard");
  console.log(
    `smoke: ratings ${winner.display} and ${loser.display}, ranks ${above.rank} and ${below.rank} of ${above.players}, seen ${tookS.toFixed(1)} s after the result`,
  );
}

/** The point of the match in the history, which is there no earlier than everything else. */
async function ratingAfter({ client }: Rated, mode: string, matchId: string, since: number): Promise<Rating> {
  for (;;) {
    const [point] = (await client.ratings.history(mode, { limit: 1 })).points;
    if (point?.matchId === matchId) {
      assert.equal(point.displayBefore, 1000, "it was a newcomer");
      assert.equal(point.rating.matches, 1);
      return point.rating;
    }
    assert.ok(performance.now() - since < WITHIN_MS, `no rating ${WITHIN_MS / 1000} s after the result`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** Results wait in the outbox while there is no broker. */
async function whyNotPublished(url: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/healthz`);
  if (!answer.ok) throw new MusterError("unavailable", `${url}/healthz answers ${answer.status}`);
  const { processes } = (await answer.json()) as { processes?: Readonly<Record<string, string>> };
  for (const name of ["match-service", "rating-service"]) {
    const said = processes?.[name] ?? "ok";
    if (said.includes("kafka")) return `${name} is ${said}`;
  }
  return undefined;
}
