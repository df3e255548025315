// Accounts: found by name, and one of them with its ban, role, devices and reports.
import { useSignal } from "@preact/signals";
import { dateText } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { AccountPage } from "./account-page.tsx";
import { ask } from "./api.ts";
import { banText } from "./ban-text.ts";
import { SearchForm, Table } from "./parts.tsx";
import { words } from "./words.ts";

export function PlayersPage({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Search /> : <AccountPage playerId={id} />;
}

function Search() {
  const { players: say, sections } = words.value;
  const query = useSignal("");
  const pages = usePages(
    async (cursor) => {
      const page = await ask("findAccounts", { query: { query: query.value || undefined, cursor } });
      return { items: page.accounts, nextCursor: page.nextCursor };
    },
    [query.value],
  );
  return (
    <Page title={sections.players} intro={say.intro}>
      <SearchForm label={say.search} button={say.find} onFind={(wanted) => (query.value = wanted)} />
      <Listed pages={pages} empty={say.empty}>
        {(accounts) => (
          <Table label={sections.players} heads={[say.name, say.kind, say.role, say.since, say.ban]}>
            {accounts.map((one) => (
              <tr key={one.playerId}>
                <td>
                  <a href={`/console/players/${one.playerId}`}>{one.name}</a>
                </td>
                <td>{say.kinds[one.kind]}</td>
                <td>{say.roles[one.role]}</td>
                <td>{dateText(one.createdAt)}</td>
                <td class={one.ban ? "bad" : "soft"}>{banText(one.ban)}</td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
    </Page>
  );
}
