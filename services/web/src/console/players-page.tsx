// Accounts: found by name, and one of them with its ban, role, devices and reports.
import { useSignal } from "@preact/signals";
import { dateText } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { AccountPage } from "./account-page.tsx";
import { ask } from "./api.ts";
import { banText } from "./ban-text.ts";
import { Table } from "./parts.tsx";
import { words } from "./words.ts";

export function PlayersPage({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Search /> : <AccountPage playerId={id} />;
}

function Search() {
  const { players: say, sections } = words.value;
  const [typed, query] = [useSignal(""), useSignal("")];
  const pages = usePages(
    async (cursor) => {
      const page = await ask("findAccounts", { query: { query: query.value || undefined, cursor } });
      return { items: page.accounts, nextCursor: page.nextCursor };
    },
    [query.value],
  );
  const find = (event: Event): void => {
    event.preventDefault();
    query.value = typed.value.trim();
  };
  return (
    <Page title={sections.players} intro={say.intro}>
      <form class="row" role="search" onSubmit={find}>
        <div class="field">
          <label for="find">{say.search}</label>
          <input
            id="find"
            type="search"
            maxLength={64}
            autocomplete="off"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="button primary">
          {say.find}
        </button>
      </form>
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
