// What is wrong with the game: one line per fault, with its field and the line of its source.
import type { FoundProblem } from "@muster/game-kit/trial";

export function Problems({ found }: { readonly found: readonly FoundProblem[] }) {
  return (
    <section aria-labelledby="problems" class="card" data-problems={found.length}>
      <h2 id="problems">{found.length === 0 ? "Deterministic so far" : `${found.length} problems`}</h2>
      {found.length === 0 ? (
        <p class="soft">
          Every step ran twice, the second time with another clock and other chance, and came out the same.
        </p>
      ) : (
        <ul class="stack-s">
          {found.map(({ kind, path, line, message, times, firstTick }) => (
            <li key={`${kind} ${path} ${line} ${message}`} data-problem={kind} class="wrap">
              <strong class="bad">{message}</strong>
              <br />
              <span class="soft">
                {path !== undefined && (
                  <>
                    field <code>{path}</code>
                    {", "}
                  </>
                )}
                {line !== undefined && (
                  <>
                    line <code>{line}</code>
                    {", "}
                  </>
                )}
                first in tick {firstTick}, {times === 1 ? "once" : `${times} times`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
