// A state as tables: the single values, and a table for each list.
import type { Fields, StateOf } from "@muster/game-kit";
import { text } from "../../text/index.ts";
import { listsOf, type Plain, scalarsOf } from "./derived.ts";

/** A list may have thousands of elements. */
const ROWS_MAX = 64;

interface TablesProps {
  readonly fields: Fields;
  readonly state: StateOf<Fields>;
  readonly names: readonly string[];
}

export function StateTables({ fields, state, names }: TablesProps) {
  const { generic: say } = text.value;
  const [scalars, lists] = [scalarsOf(fields), listsOf(fields)];
  return (
    <div class="state-tables" role="region" aria-label={say.state} tabIndex={0}>
      {scalars.length > 0 && (
        <table>
          <tbody>
            {scalars.map(([name]) => (
              <tr key={name} data-field={name}>
                <th scope="row">{name}</th>
                <td data-number>{String(state[name])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {lists.map(([name, { length, fields: own }]) => {
        const columns = scalarsOf(own).map(([column]) => column);
        const rows = state[name] as unknown as readonly Plain[];
        return (
          <table key={name} data-list={name}>
            <caption>{name}</caption>
            <thead>
              <tr>
                <th scope="col">{length === names.length ? say.seat : "#"}</th>
                {columns.map((column) => (
                  <th key={column} scope="col" data-number>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_MAX).map((row, i) => (
                <tr key={i}>
                  <th scope="row">{length === names.length ? `${i}: ${names[i]}` : i}</th>
                  {columns.map((column) => (
                    <td key={column} data-number data-field={column}>
                      {String(row[column])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
            {rows.length > ROWS_MAX && (
              <tfoot>
                <tr>
                  <td colSpan={columns.length + 1}>{say.more(rows.length - ROWS_MAX)}</td>
                </tr>
              </tfoot>
            )}
          </table>
        );
      })}
    </div>
  );
}
