// The operator's console: who may come in, and the sections that the role may see. Everything is asked over the admin routes.
import type { OperatorOperationId } from "@muster/contracts/operations";
import type { ComponentType } from "preact";
import { useLocation, useRoute } from "preact-iso";
import { NotFoundPage } from "../pages/not-found-page.tsx";
import { CredentialsForm } from "../session/credentials-form.tsx";
import { player, restore, signIn, signOut } from "../session/session.ts";
import { text } from "../text/index.ts";
import type { ConsoleText } from "../text/console-en.ts";
import { useAction } from "../ui/action.ts";
import { Empty, Failure, Page } from "../ui/index.tsx";
import { AuditPage } from "./audit-page.tsx";
import { ChatPage } from "./chat-page.tsx";
import { EventsPage } from "./events-page.tsx";
import { KeysPage } from "./keys-page.tsx";
import { MatchesPage } from "./matches-page.tsx";
import { PlayersPage } from "./players-page.tsx";
import { QueuesPage } from "./queues-page.tsx";
import { ReportsPage } from "./reports-page.tsx";
import { Select } from "./parts.tsx";
import { isOperator, may } from "./routes.ts";
import { SuspectsPage } from "./suspects-page.tsx";
import { SystemPage } from "./system-page.tsx";
import { words } from "./words.ts";

interface Section {
  readonly name: keyof ConsoleText["sections"];
  /** Who may not call this does not see the section. */
  readonly needs: OperatorOperationId;
  readonly Body: ComponentType<{ readonly id: string | undefined }>;
}

const SECTIONS: readonly Section[] = [
  { name: "system", needs: "getSystem", Body: SystemPage },
  { name: "players", needs: "findAccounts", Body: PlayersPage },
  { name: "matches", needs: "listMatches", Body: MatchesPage },
  { name: "queues", needs: "listQueues", Body: QueuesPage },
  { name: "reports", needs: "listReports", Body: ReportsPage },
  { name: "chat", needs: "findRooms", Body: ChatPage },
  { name: "suspects", needs: "listSuspectMatches", Body: SuspectsPage },
  { name: "events", needs: "getEventDelivery", Body: EventsPage },
  { name: "audit", needs: "listAuditLog", Body: AuditPage },
  { name: "keys", needs: "listSigningKeys", Body: KeysPage },
];

const MAKE_ADMIN = "scripts/operator.sh make-admin";

export function ConsolePage() {
  const { params } = useRoute();
  const { route } = useLocation();
  if (!player.value) return <SignIn />;
  if (!isOperator()) return <Refused />;
  const wanted = params["section"] ?? "system";
  const section = SECTIONS.find(({ name }) => name === wanted);
  if (!section) return <NotFoundPage />;
  const shown = SECTIONS.filter(({ needs }) => may(needs));
  return (
    <div class="stack">
      {/* On a phone there is no room for so many links. */}
      <div class="narrow-only">
        <Select
          id="section"
          label={words.value.section}
          value={section.name}
          options={shown.map(({ name }) => [name, words.value.sections[name]] as const)}
          onChange={(name) => route(pathOf(name))}
        />
      </div>
      <nav class="nav wide-only" aria-label={words.value.title}>
        {shown.map(({ name }) => (
          <a key={name} href={pathOf(name)} aria-current={name === section.name ? "page" : undefined}>
            {words.value.sections[name]}
          </a>
        ))}
      </nav>
      {may(section.needs) ? (
        <section.Body key={`${section.name} ${params["id"]}`} id={params["id"]} />
      ) : (
        <Page title={words.value.sections[section.name]}>
          <Empty>{words.value.door.notYours}</Empty>
        </Page>
      )}
    </div>
  );
}

function pathOf(section: string): string {
  return section === "system" ? "/console" : `/console/${section}`;
}

function SignIn() {
  const { door: say, title } = words.value;
  return (
    <Page title={title} intro={say.signIn}>
      <CredentialsForm
        submit={signIn}
        label={text.value.account.signIn}
        autocomplete="current-password"
        onDone={() => undefined}
      />
      <div class="text stack-s">
        <p>{say.first}</p>
        <p>
          <code>{MAKE_ADMIN} NAME</code>
        </p>
        <p>
          <a href="/sign-up">{text.value.account.signUp}</a>
        </p>
      </div>
    </Page>
  );
}

function Refused() {
  const { door: say, title } = words.value;
  const act = useAction();
  const { name = "", kind = "guest" } = player.value ?? {};
  return (
    <Page title={title}>
      <div class="notice warning" role="alert" data-refused>
        <p>{say.refused(name)}</p>
      </div>
      <div class="text stack-s">
        <p>{say.ask}</p>
        <p>
          <code>
            {MAKE_ADMIN} {kind === "guest" ? "NAME" : name}
          </code>
        </p>
      </div>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <div class="row">
        <button type="button" class="button primary" disabled={act.busy.value} onClick={() => act.run(restore)}>
          {say.again}
        </button>
        <button type="button" class="button" disabled={act.busy.value} onClick={() => act.run(signOut)}>
          {say.out}
        </button>
      </div>
    </Page>
  );
}
