// Signing in, and creating an account.
import { CredentialsForm } from "../session/credentials-form.tsx";
import { signIn, signUp } from "../session/session.ts";
import { text } from "../text/index.ts";
import { Page } from "../ui/index.tsx";

export function SignInPage() {
  const { account } = text.value;
  return (
    <Page title={account.signIn}>
      <CredentialsForm submit={signIn} label={account.signIn} autocomplete="current-password" />
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
      <CredentialsForm submit={signUp} label={account.signUp} autocomplete="new-password" hints />
      <p>
        {account.haveAccount} <a href="/sign-in">{account.signIn}</a>
      </p>
    </Page>
  );
}
