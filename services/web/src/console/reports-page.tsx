// What players have reported, and what is done about it.
import { useSignal } from "@preact/signals";
import { dateText } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { ask, type Schemas } from "./api.ts";
import { deletionOf, muteOf } from "./mutes.ts";
import { type Orders, useOrders } from "./orders.tsx";
import { Select, Who } from "./parts.tsx";
import { may } from "./routes.ts";
import { words } from "./words.ts";

type Report = Schemas["ReportPage"]["reports"][number];
type Decision = Schemas["ReportDecisionRequest"]["decision"];

export function ReportsPage() {
  const { reports: say, sections } = words.value;
  const decided = useSignal(false);
  const pages = usePages(
    async (cursor) => {
      const page = await ask("listReports", { query: { decided: decided.value, cursor } });
      return { items: page.reports, nextCursor: page.nextCursor };
    },
    [decided.value],
  );
  const orders = useOrders(pages.reload);
  return (
    <Page title={sections.reports} intro={say.intro}>
      <div class="row">
        <Select
          id="decided"
          label={say.show}
          value={String(decided.value)}
          options={[
            ["false", say.open],
            ["true", say.decided],
          ]}
          onChange={(value) => (decided.value = value === "true")}
        />
      </div>
      {orders.view}
      <Listed pages={pages} empty={say.empty}>
        {(reports) => (
          <ul class="stack">
            {reports.map((one) => (
              <li key={one.reportId} class="card stack-s" data-report={one.reportId}>
                <h2>{say.categories[one.category]}</h2>
                <Facts report={one} />
                <Actions report={one} orders={orders} />
              </li>
            ))}
          </ul>
        )}
      </Listed>
    </Page>
  );
}

function Facts({ report }: { readonly report: Report }) {
  const { reports: say } = words.value;
  const { playerId, playerName, reporterId, reporterName, comment, matchId, message, decision } = report;
  return (
    <dl class="facts">
      <dt>{say.about}</dt>
      <dd>{playerName === undefined ? say.gone : <a href={`/console/players/${playerId}`}>{playerName}</a>}</dd>
      <dt>{say.by}</dt>
      <dd>{reporterName === undefined ? say.gone : <a href={`/console/players/${reporterId}`}>{reporterName}</a>}</dd>
      <dt>{say.when}</dt>
      <dd>{dateText(report.createdAt)}</dd>
      {comment !== "" && (
        <>
          <dt>{say.comment}</dt>
          <dd>{comment}</dd>
        </>
      )}
      {matchId !== undefined && (
        <>
          <dt>{say.match}</dt>
          <dd>
            <a href={`/matches/${matchId}`}>{say.toMatch}</a>
          </dd>
        </>
      )}
      {message && (
        <>
          <dt>{say.message}</dt>
          <dd>{message.body}</dd>
        </>
      )}
      {decision !== undefined && (
        <>
          <dt>{say.decision}</dt>
          <dd>
            {say.decisions[decision]}
            {report.decidedBy !== undefined && (
              <>
                , <Who id={report.decidedBy} />
              </>
            )}
            {report.decidedAt !== undefined &&
              `, ${say.decidedBy(dateText(report.decidedAt), report.decidedWhy ?? "")}`}
          </dd>
        </>
      )}
    </dl>
  );
}

function Actions({ report, orders }: { readonly report: Report; readonly orders: Orders }) {
  const { reports: say } = words.value;
  const { reportId, message } = report;
  const decide = (decision: Decision): void =>
    orders.give({
      question: decision === "upheld" ? say.upholdAsk : say.dismissAsk,
      yes: decision === "upheld" ? say.uphold : say.dismiss,
      async send(reason) {
        await ask("decideReport", { params: { reportId }, body: { decision, reason } });
        return say.stored;
      },
    });
  return (
    <div class="row">
      {report.decision === undefined && may("decideReport") && (
        <>
          <button type="button" class="button" onClick={() => decide("upheld")}>
            {say.uphold}
          </button>
          <button type="button" class="button" onClick={() => decide("dismissed")}>
            {say.dismiss}
          </button>
        </>
      )}
      {message && (
        <>
          <button
            type="button"
            class="button danger"
            onClick={() => orders.give(deletionOf(message.channelId, message.seq))}
          >
            {say.deleteMessage}
          </button>
          <button
            type="button"
            class="button danger"
            onClick={() => orders.give(muteOf(message.channelId, report.playerId, report.playerName ?? say.gone))}
          >
            {say.mute}
          </button>
          <a href={`/console/chat/${message.channelId}`}>{say.toChannel}</a>
        </>
      )}
    </div>
  );
}
