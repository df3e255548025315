// What a tick changed, and what the match costs on the wire: by tick, and by field.
import type { ShownGame, View } from "../src/page/messages.ts";

const FIELDS_SHOWN = 24;
const CHANGES_SHOWN = 40;

export function Costs({ view, game }: { readonly view: View; readonly game: ShownGame }) {
  const { record, recent, fields } = view;
  const now = new Map<string, number>();
  for (const { path, bits } of record.bits) {
    const name = path.replaceAll(/\[\d+\]/g, "[]");
    now.set(name, (now.get(name) ?? 0) + bits);
  }
  const ticks = Math.max(1, record.tick - view.firstTick);
  const all = Math.max(
    1,
    fields.reduce((sum, { bits }) => sum + bits, 0),
  );
  return (
    <div class="sides">
      <section aria-labelledby="ticks" class="card">
        <h2 id="ticks">Ticks</h2>
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="ticks">
          <table data-ticks>
            <thead>
              <tr>
                <th scope="col" data-number>
                  Tick
                </th>
                <th scope="col">Hash</th>
                <th scope="col" data-number>
                  Delta, bytes
                </th>
                <th scope="col" data-number>
                  Inputs, bytes
                </th>
                <th scope="col">Ran twice</th>
              </tr>
            </thead>
            <tbody>
              {recent.toReversed().map(({ tick, hash, deltaBytes, inputBytes, problems }) => (
                <tr key={tick}>
                  <td data-number>{tick}</td>
                  <td>
                    <code>{hash}</code>
                  </td>
                  <td data-number>{deltaBytes}</td>
                  <td data-number>{inputBytes}</td>
                  <td class={problems > 0 ? "bad" : "good"}>{problems > 0 ? `${problems} problems` : "the same"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section aria-labelledby="changes" class="card">
        <h2 id="changes">Changed in tick {record.tick}</h2>
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="changes">
          <table data-changes>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col" data-number>
                  Before
                </th>
                <th scope="col" data-number>
                  After
                </th>
                <th scope="col">Line</th>
              </tr>
            </thead>
            <tbody>
              {record.changes.slice(0, CHANGES_SHOWN).map(({ path, before, after, line }) => (
                <tr key={path}>
                  <td>
                    <code>{path}</code>
                  </td>
                  <td data-number>{before}</td>
                  <td data-number>{after}</td>
                  <td>{line !== undefined && <code title={line}>{line.replace(/^.*\//, "")}</code>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {record.changes.length > CHANGES_SHOWN && (
          <p class="soft">and {record.changes.length - CHANGES_SHOWN} fields more</p>
        )}
      </section>
      <section aria-labelledby="fields" class="card">
        <h2 id="fields">Fields</h2>
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="fields">
          <table data-fields>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col" data-number>
                  Changes
                </th>
                <th scope="col" data-number>
                  Bits now
                </th>
                <th scope="col" data-number>
                  Bytes a tick
                </th>
                {game.tickRate > 0 && (
                  <th scope="col" data-number>
                    Bytes a second
                  </th>
                )}
                <th scope="col" data-number>
                  Share
                </th>
              </tr>
            </thead>
            <tbody>
              {fields.slice(0, FIELDS_SHOWN).map(({ path, changes, bits }) => (
                <tr key={path}>
                  <td>
                    <code>{path}</code>
                  </td>
                  <td data-number>{changes}</td>
                  <td data-number>{now.get(path) ?? 0}</td>
                  <td data-number>{(bits / 8 / ticks).toFixed(2)}</td>
                  {game.tickRate > 0 && <td data-number>{((bits / 8 / ticks) * game.tickRate).toFixed(0)}</td>}
                  <td data-number>{((100 * bits) / all).toFixed(0)} %</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {fields.length > FIELDS_SHOWN && <p class="soft">and {fields.length - FIELDS_SHOWN} fields more</p>}
      </section>
    </div>
  );
}
