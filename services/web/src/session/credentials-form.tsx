// A name and a password, with what is wrong with them beside them.
import { MusterError } from "@muster/client";
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { errorText, text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Failure, Field } from "../ui/index.tsx";

const OF_NAME: ReadonlySet<string> = new Set(["name_taken", "bad_name"]);
const OF_PASSWORD: ReadonlySet<string> = new Set(["weak_password"]);

interface CredentialsFormProps {
  readonly submit: (name: string, password: string) => Promise<void>;
  readonly label: string;
  readonly autocomplete: string;
  readonly hints?: boolean;
  /** Afterwards; default: on to the start page. */
  readonly onDone?: () => void;
  /** What is said above the fields. */
  readonly children?: ComponentChildren;
}

export function CredentialsForm({
  submit,
  label,
  autocomplete,
  hints = false,
  onDone,
  children,
}: CredentialsFormProps) {
  const { account } = text.value;
  const { route } = useLocation();
  const [name, password] = [useSignal(""), useSignal("")];
  const { busy, error, run } = useAction();
  const code = error.value instanceof MusterError ? error.value.code : undefined;
  const errorIn = (codes: ReadonlySet<string>): string | undefined =>
    code !== undefined && codes.has(code) ? errorText(error.value) : undefined;
  const send = async (): Promise<void> => {
    await submit(name.value, password.value);
    if (onDone) onDone();
    else route("/");
  };
  return (
    <form
      class="card stack text"
      onSubmit={(event) => {
        event.preventDefault();
        run(send);
      }}
    >
      {children}
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
