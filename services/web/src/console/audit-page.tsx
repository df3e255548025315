// The audit log, and its chain, which the browser computes again.
import { useSignal } from "@preact/signals";
import { dateText } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Failure, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { ask } from "./api.ts";
import { type AuditEntry, checkChain } from "./audit-chain.ts";
import { Table, Who } from "./parts.tsx";
import { words } from "./words.ts";

const PAGE = 50;
const VERIFIED_PAGE = 200;
/** More than that is the server's work: it is read page by page. */
const VERIFIED_MAX = 20_000;

export function AuditPage() {
  const { audit: say, sections } = words.value;
  const pages = usePages(async (cursor) => {
    const before = cursor === undefined ? undefined : Number(cursor);
    const { entries } = await ask("listAuditLog", { query: { before, limit: PAGE } });
    const last = entries.at(-1)?.position ?? 1;
    return { items: entries, nextCursor: last > 1 ? String(last) : undefined };
  }, []);
  return (
    <Page title={sections.audit} intro={say.intro}>
      <Verification />
      <Listed pages={pages} empty={say.empty}>
        {(entries) => (
          <Table label={sections.audit} heads={[say.position, say.at, say.actor, say.action, say.target, say.reason]}>
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
                <td>{/^(player|role)_/.test(one.action) ? <Who id={one.target} /> : <code>{one.target}</code>}</td>
                <td>{one.reason}</td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
    </Page>
  );
}

function Verification() {
  const { audit: say } = words.value;
  const [found, read, act] = [useSignal<Found | undefined>(undefined), useSignal(0), useAction()];
  const verify = async (): Promise<void> => {
    found.value = undefined;
    read.value = 0;
    found.value = await verified((entries) => (read.value = entries));
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
        {say.seals} <code>scripts/operator.sh verify-audit-log</code>
      </p>
    </section>
  );
}

const COLOURS = { intact: "good wrap", broken: "bad", unknown: "" } as const;

interface Found {
  readonly state: keyof typeof COLOURS;
  readonly says: string;
}

async function verified(onRead: (entries: number) => void): Promise<Found> {
  const { audit: say } = words.value;
  if (!isSecureContext) return { state: "unknown", says: say.insecure };
  const newestFirst: AuditEntry[] = [];
  for (let before: number | undefined; ; ) {
    const { entries } = await ask("listAuditLog", { query: { before, limit: VERIFIED_PAGE } });
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
