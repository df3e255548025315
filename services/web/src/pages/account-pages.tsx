// Signing in, and creating an account.
import { MusterError } from "@muster/client";
import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { signIn, signUp } from "../session/session.ts";
import { errorText, text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Failure, Field, Page } from "../ui/index.tsx";

const OF_NAME: ReadonlySet<string> = new Set(["name_taken", "bad_name"]);
const OF_PASSWORD: ReadonlySet<string> = new Set(["weak_password"]);

export function SignInPage() {
  const { account } = text.value;
  return (
    <Page title={account.signIn}>
      <Form submit={signIn} label={account.signIn} autocomplete="current-password" />
      <p>
        {account.noAccount} <a href="/sign-up">{account.signUp}</a>
      </p>
    </Page>
  );
}

export function SignUpPage() {
  const { account } = text.value;
  return (
    <Page title={account.signUp}>
      <Form submit={signUp} label={account.signUp} autocomplete="new-password" hints />
      <p>
        {account.haveAccount} <a href="/sign-in">{account.signIn}</a>
      </p>
    </Page>
  );
}

interface FormProps {
  readonly submit: (name: string, password: string) => Promise<void>;
  readonly label: string;
  readonly autocomplete: string;
  readonly hints?: boolean;
  /** Where it leads afterwards. */
  readonly to?: string;
}

export function Form({ submit, label, autocomplete, hints = false, to = "/" }: FormProps) {
  const { account } = text.value;
  const { route } = useLocation();
  const [name, password] = [useSignal(""), useSignal("")];
  const { busy, error, run } = useAction();
  const code = error.value instanceof MusterError ? error.value.code : undefined;
  const errorIn = (codes: ReadonlySet<string>): string | undefined =>
    code !== undefined && codes.has(code) ? errorText(error.value) : undefined;
  const send = async (): Promise<void> => {
    await submit(name.value, password.value);
    route(to);
  };
  return (
    <form
      class="card stack text"
      onSubmit={(event) => {
        event.preventDefault();
        run(send);
      }}
    >
      <Field
        id="name"
        label={account.nameLabel}
        {...(hints && { hint: account.nameHint })}
        error={errorIn(OF_NAME)}
        autocomplete="username"
        value={name.value}
        onInput={(value) => (name.value = value)}
      />
      <Field
        id="password"
        label={account.passwordLabel}
        {...(hints && { hint: account.passwordHint })}
        error={errorIn(OF_PASSWORD)}
        secret
        autocomplete={autocomplete}
        value={password.value}
        onInput={(value) => (password.value = value)}
      />
      {error.value !== undefined && !OF_NAME.has(code ?? "") && !OF_PASSWORD.has(code ?? "") && (
        <Failure error={error.value} />
      )}
      <div class="row">
        <button type="submit" class="button primary" disabled={busy.value}>
          {busy.value ? account.working : label}
        </button>
      </div>
    </form>
  );
}
