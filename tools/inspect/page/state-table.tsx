// A state as tables: the fields that are in no list, and each list with a row per element.
import type { SeenState, ShownGame } from "../src/page/messages.ts";
import { type Section, valueOf } from "./state-tree.ts";

const ROWS_SHOWN = 64;
/** Of a list whose elements are single values. */
const VALUES_A_ROW = 8;

interface Props {
  readonly sections: readonly Section[];
  readonly game: ShownGame;
  readonly words: readonly number[];
  /** Paths of what the last step changed. */
  readonly changed: ReadonlySet<string>;
  readonly bits: SeenState["bits"];
  readonly label: string;
}

export function StateTable({ sections, game, words, changed, bits, label }: Props) {
  const cost = new Map(bits.map(({ path, bits: some }) => [path, some]));
  const cell = (word: number) => {
    const slot = game.slots[word];
    if (!slot) return null;
    const { path } = slot;
    return (
      <td
        key={path}
        data-number
        data-path={path}
        class={changed.has(path) ? "changed" : undefined}
        title={`${path}${cost.has(path) ? `: ${cost.get(path)} bits in this tick` : ""}`}
      >
        {valueOf(slot, words[word] as number)}
      </td>
    );
  };
  return (
    <div class="scroll state" tabIndex={0} role="region" aria-label={label}>
      {sections.map(({ name, columns, rows }) =>
        name === "" ? (
          <table key={name}>
            <tbody>
              {columns.map((column, i) => (
                <tr key={column}>
                  <th scope="row">{column}</th>
                  {cell(rows[0]?.[i] as number)}
                </tr>
              ))}
            </tbody>
          </table>
        ) : columns.length === 1 ? (
          <table key={name}>
            <caption>
              {name}: {columns[0]}
            </caption>
            <tbody>
              {rowsOf(rows.map((row) => row[0] as number)).map(({ from, words: some }) => (
                <tr key={from}>
                  <th scope="row">{from}</th>
                  {some.map(cell)}
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <table key={name}>
            <caption>{name}</caption>
            <thead>
              <tr>
                <td />
                {columns.map((column) => (
                  <th scope="col" key={column} data-number>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, ROWS_SHOWN).map((row, i) => (
                <tr key={game.slots[row[0] as number]?.path}>
                  <th scope="row">{i}</th>
                  {row.map(cell)}
                </tr>
              ))}
            </tbody>
          </table>
        ),
      )}
    </div>
  );
}

function rowsOf(words: readonly number[]): { readonly from: number; readonly words: readonly number[] }[] {
  return Array.from({ length: Math.min(ROWS_SHOWN, Math.ceil(words.length / VALUES_A_ROW)) }, (_, i) => ({
    from: i * VALUES_A_ROW,
    words: words.slice(i * VALUES_A_ROW, (i + 1) * VALUES_A_ROW),
  }));
}
