// What several pages of the console draw the same way.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { playerName } from "../matches/names.ts";
import { useLoaded } from "../ui/loaded.ts";

export function Table({
  label,
  heads,
  children,
}: {
  readonly label: string;
  readonly heads: readonly string[];
  /** Rows. */
  readonly children: ComponentChildren;
}) {
  const body = useRef<HTMLTableSectionElement>(null);
  // On a phone each row is a card of its own, and says with each cell which column it is of (base.css).
  useLayoutEffect(() => {
    for (const row of body.current?.rows ?? [])
      for (const [i, cell] of [...row.cells].entries()) cell.dataset["head"] = heads[i] ?? "";
  });
  return (
    <div class="card scroll cards" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>{children}</tbody>
      </table>
    </div>
  );
}

const ACCOUNT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An account by its name, as a link to its page here; what is no account (`operator`, `system`) as it is. */
export function Who({ id }: { readonly id: string }) {
  return ACCOUNT.test(id) ? <Account id={id} /> : <span>{id}</span>;
}

function Account({ id }: { readonly id: string }) {
  const name = useLoaded(() => playerName(id), [id]);
  return <a href={`/console/players/${id}`}>{name.value ?? id}</a>;
}

/** What is found is the caller's to show. `onFind`: without the spaces around it; empty means all. */
export function SearchForm({
  label,
  button,
  onFind,
}: {
  readonly label: string;
  readonly button: string;
  readonly onFind: (wanted: string) => void;
}) {
  const typed = useSignal("");
  const find = (event: Event): void => {
    event.preventDefault();
    onFind(typed.value.trim());
  };
  return (
    <form class="row" role="search" onSubmit={find}>
      <div class="field">
        <label for="find">{label}</label>
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
        {button}
      </button>
    </form>
  );
}

export function Select({
  id,
  label,
  value,
  options,
  onChange,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChange: (value: string) => void;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
