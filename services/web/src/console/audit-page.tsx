// The audit log of a service, and its chain, which the browser computes again.
import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { dateText } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Empty, Failure, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { ask } from "./api.ts";
import { type AuditEntry, checkChain } from "./audit-chain.ts";
import { Select, Table, Who } from "./parts.tsx";
import { patiently } from "./patiently.ts";
import { may } from "./routes.ts";
import { words } from "./words.ts";

const PAGE = 50;
const VERIFIED_PAGE = 200;
/** More than that is the server's work: it is read page by page. */
const VERIFIED_MAX = 20_000;

/** By the end of the page's path. The first one is there without it. */
const LOGS = {
  accounts: { list: "listAuditLog", command: "verify-audit-log" },
  chat: { list: "listModerationLog", command: "verify-moderation-log" },
} as const;
type LogName = keyof typeof LOGS;
type Log = (typeof LOGS)[LogName];

export function AuditPage({ id = "accounts" }: { readonly id: string | undefined }) {
  const { audit: say, sections } = words.value;
  const { route } = useLocation();
  const shown = (Object.keys(LOGS) as LogName[]).filter((name) => may(LOGS[name].list));
  const name = shown.find((one) => one === id);
  return (
    <Page title={sections.audit} intro={say.intro}>
      <Select
        id="log"
        label={say.log}
        value={id}
        options={shown.map((one) => [one, say.logs[one]] as const)}
        onChange={(next) => route(`/console/audit/${next}`)}
      />
      {name === undefined ? <Empty>{say.noLog}</Empty> : <Entries log={LOGS[name]} label={say.logs[name]} />}
    </Page>
  );
}

function Entries({ log, label }: { readonly log: Log; readonly label: string }) {
  const { audit: say } = words.value;
  const pages = usePages(
    async (cursor) => {
      const before = cursor === undefined ? undefined : Number(cursor);
      const { entries } = await ask(log.list, { query: { before, limit: PAGE } });
      const last = entries.at(-1)?.position ?? 1;
      return { items: entries, nextCursor: last > 1 ? String(last) : undefined };
    },
    [log],
  );
  return (
    <>
      <Verification log={log} />
      <Listed pages={pages} empty={say.empty}>
        {(entries) => (
          <Table label={label} heads={[say.position, say.at, say.actor, say.action, say.target, say.reason]}>
            {entries.map((one) => (
              <tr key={one.position} data-entry={one.action}>
                <td>{one.position}</td>
                <td>{dateText(one.at)}</td>
                <td>
                  <Who id={one.actor} />
                </td>
                <td>
                  <code>{one.action}</code>
                </td>
                <td>
                  <Target entry={one} />
                </td>
                <td>{one.reason}</td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
    </>
  );
}

/** Of the moderation log: a player, and a channel. */
const IN_CHANNEL = /^([0-9a-f-]{36})\/([0-9a-f-]{36})$/;
const EVERYWHERE = /^[0-]+$/;

function Target({ entry: { action, target } }: { readonly entry: AuditEntry }) {
  const { mutes: say } = words.value;
  const [, playerId, channelId = ""] = IN_CHANNEL.exec(target) ?? [];
  if (playerId !== undefined)
    return (
      <>
        <Who id={playerId} />,{" "}
        {EVERYWHERE.test(channelId) ? say.everywhere : <a href={`/console/chat/${channelId}`}>{say.inChannel}</a>}
      </>
    );
  return /^(player|role)_/.test(action) ? <Who id={target} /> : <code>{target}</code>;
}

function Verification({ log }: { readonly log: Log }) {
  const { audit: say } = words.value;
  const [found, read, act] = [useSignal<Found | undefined>(undefined), useSignal(0), useAction()];
  const verify = async (): Promise<void> => {
    found.value = undefined;
    read.value = 0;
    found.value = await verified(log, (entries) => (read.value = entries));
  };
  return (
    <section class="card stack-s">
      <div class="row">
        <button type="button" class="button primary" disabled={act.busy.value} onClick={() => act.run(verify)}>
          {say.verify}
        </button>
      </div>
      <p role="status" data-chain={found.value?.state} class={found.value && COLOURS[found.value.state]}>
        {act.busy.value ? say.verifying(read.value) : found.value?.says}
      </p>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <p class="soft">
        {say.seals} <code>scripts/operator.sh {log.command}</code>
      </p>
    </section>
  );
}

const COLOURS = { intact: "good wrap", broken: "bad", unknown: "" } as const;

interface Found {
  readonly state: keyof typeof COLOURS;
  readonly says: string;
}

async function verified(log: Log, onRead: (entries: number) => void): Promise<Found> {
  const { audit: say } = words.value;
  if (!isSecureContext) return { state: "unknown", says: say.insecure };
  const newestFirst: AuditEntry[] = [];
  for (let before: number | undefined; ; ) {
    const { entries } = await patiently(() => ask(log.list, { query: { before, limit: VERIFIED_PAGE } }));
    newestFirst.push(...entries);
    onRead(newestFirst.length);
    before = entries.at(-1)?.position ?? 1;
    if (before === 1) break;
    if (newestFirst.length >= VERIFIED_MAX) return { state: "unknown", says: say.tooLong(VERIFIED_MAX) };
  }
  const result = await checkChain(newestFirst.toReversed());
  if (result.intact)
    return { state: "intact", says: say.intact(result.entries, newestFirst[0]?.hash ?? words.value.none) };
  return {
    state: "broken",
    says: result.fault === "changed" ? say.changed(result.position) : say.missing(result.position),
  };
}
