// The page's own components: what several pages draw the same way.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { errorText, text } from "../text/index.ts";
import { Dialog } from "./dialog.tsx";

export function Loading() {
  return (
    <p class="row soft" role="status">
      <span class="spinner" aria-hidden="true" />
      {text.value.loading}
    </p>
  );
}

/** What went wrong, and what to do. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: (() => void) | undefined }) {
  return (
    <div class="notice error" role="alert">
      <p>{errorText(error)}</p>
      {retry && (
        <button type="button" class="button" onClick={retry}>
          {text.value.retry}
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

/** A page with its heading, which is also the window's title. */
export function Page({
  title,
  children,
  intro,
}: {
  readonly title: string;
  readonly intro?: string;
  readonly children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · ${text.value.name}`;
  }, [title]);
  return (
    <div class="stack">
      <header class="stack-s text">
        <h1>{title}</h1>
        {intro !== undefined && <p class="soft">{intro}</p>}
      </header>
      {children}
    </div>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly secret?: boolean;
  readonly autocomplete?: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

export function Field({ id, label, hint, error, secret = false, autocomplete, value, onInput }: FieldProps) {
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`]
    .filter(Boolean)
    .join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={id}
        {...(secret ? { type: "password" as const } : { type: "text" as const })}
        value={value}
        required
        autocomplete={autocomplete as "off"}
        aria-describedby={described || undefined}
        aria-invalid={error === undefined ? undefined : "true"}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} class="bad">
          {error}
        </p>
      )}
    </div>
  );
}

/** Asks before something that cannot be undone. */
export function Confirm({
  question,
  yes,
  no,
  onYes,
  onNo,
}: {
  readonly question: string;
  readonly yes: string;
  readonly no: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}) {
  return (
    <Dialog label={question} onClose={onNo}>
      <p>{question}</p>
      <div class="row">
        <button type="button" class="button danger" onClick={onYes}>
          {yes}
        </button>
        <button type="button" class="button" onClick={onNo}>
          {no}
        </button>
      </div>
    </Dialog>
  );
}
