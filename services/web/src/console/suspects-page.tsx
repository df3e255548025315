// Matches whose simulation had another result than the stored one.
import { useSignal } from "@preact/signals";
import { modeName } from "../matches/names.ts";
import { dateText } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { ask, type Schemas } from "./api.ts";
import { type Orders, useOrders } from "./orders.tsx";
import { Select, Who } from "./parts.tsx";
import { may } from "./routes.ts";
import { words } from "./words.ts";

type Suspect = Schemas["SuspectMatchPage"]["matches"][number];
type Decision = Schemas["SuspectDecision"]["decision"];

export function SuspectsPage() {
  const { suspects: say, reports, sections } = words.value;
  const decided = useSignal(false);
  const pages = usePages(
    async (cursor) => {
      const page = await ask("listSuspectMatches", { query: { decided: decided.value, cursor } });
      return { items: page.matches, nextCursor: page.nextCursor };
    },
    [decided.value],
  );
  const orders = useOrders(pages.reload);
  return (
    <Page title={sections.suspects} intro={say.intro}>
      <div class="row">
        <Select
          id="decided"
          label={reports.show}
          value={String(decided.value)}
          options={[
            ["false", reports.open],
            ["true", reports.decided],
          ]}
          onChange={(value) => (decided.value = value === "true")}
        />
      </div>
      {orders.view}
      <Listed pages={pages} empty={say.empty}>
        {(matches) => (
          <ul class="stack">
            {matches.map((one) => (
              <SuspectCard key={one.replay.matchId} suspect={one} orders={orders} />
            ))}
          </ul>
        )}
      </Listed>
    </Page>
  );
}

function SuspectCard({ suspect, orders }: { readonly suspect: Suspect; readonly orders: Orders }) {
  const { suspects: say, reports, matches } = words.value;
  const { replay, detail, ratings } = suspect;
  return (
    <li class="card stack-s">
      <h2>
        <a href={`/matches/${replay.matchId}`}>
          {modeName(replay.mode)}, {dateText(replay.endedAt)}
        </a>
      </h2>
      <dl class="facts">
        <dt>{matches.players}</dt>
        <dd>
          {replay.seats.map((seat, i) => (
            <span key={seat.seat}>
              {i > 0 && ", "}
              {seat.bot === undefined ? <Who id={seat.playerId} /> : seat.bot}
            </span>
          ))}
        </dd>
        <dt>{say.differs}</dt>
        <dd>{detail ?? replay.verdictReason ?? words.value.none}</dd>
        {ratings !== undefined && (
          <>
            <dt>{say.ratings}</dt>
            <dd>{say.ratingStates[ratings]}</dd>
          </>
        )}
        {replay.decision !== undefined && (
          <>
            <dt>{reports.decision}</dt>
            <dd>
              {say.decisions[replay.decision]}
              {suspect.decidedBy !== undefined && (
                <>
                  , <Who id={suspect.decidedBy} />
                </>
              )}
              {suspect.decidedAt !== undefined &&
                `, ${reports.decidedBy(dateText(suspect.decidedAt), suspect.decidedWhy ?? "")}`}
            </dd>
          </>
        )}
      </dl>
      {may("decideSuspectMatch") && (
        <div class="row">
          {(["accepted", "confirmed"] as const)
            .filter((decision) => decision !== replay.decision)
            .map((decision) => (
              <button
                key={decision}
                type="button"
                class="button"
                onClick={() => orders.give(decisionOf(replay.matchId, decision))}
              >
                {decision === "accepted" ? say.accept : say.confirm}
              </button>
            ))}
        </div>
      )}
    </li>
  );
}

function decisionOf(matchId: string, decision: Decision): Parameters<Orders["give"]>[0] {
  const { suspects: say, reports } = words.value;
  const accepts = decision === "accepted";
  return {
    question: accepts ? say.acceptAsk : say.confirmAsk,
    yes: accepts ? say.accept : say.confirm,
    async send(reason) {
      await ask("decideSuspectMatch", { params: { matchId }, body: { decision, reason } });
      return reports.stored;
    },
  };
}
