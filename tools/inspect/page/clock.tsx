// The match's clock: play, pause, one step, any tick, another seed.
import { useSignal } from "@preact/signals";
import type { ShownGame, View } from "../src/page/messages.ts";
import { send } from "./state.ts";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];

export function Clock({ view, game }: { readonly view: View; readonly game: ShownGame }) {
  const { playing, record, firstTick, newestTick, speed } = view;
  const seed = useSignal<string | undefined>(undefined);
  const typed = seed.value ?? String(view.seed);
  return (
    <section aria-labelledby="clock" class="card stack-s">
      <h2 id="clock">
        Tick <span data-tick>{record.tick}</span>
        <span class="soft">
          {" "}
          hash <code data-hash>{record.hash}</code>
        </span>
      </h2>
      <div class="row">
        <button
          type="button"
          class="button primary"
          data-play
          aria-keyshortcuts="P"
          onClick={() => send({ kind: playing ? "pause" : "play" })}
        >
          {playing ? "Pause" : "Play"} <kbd>P</kbd>
        </button>
        <button type="button" class="button" aria-keyshortcuts="." onClick={() => send({ kind: "step" })}>
          Step <kbd>.</kbd>
        </button>
        <button
          type="button"
          class="button"
          aria-keyshortcuts=","
          onClick={() => send({ kind: "goTo", tick: Math.max(firstTick, record.tick - 1) })}
        >
          Back <kbd>,</kbd>
        </button>
        <label class="row">
          Speed
          <select
            value={String(speed)}
            onChange={(event) => send({ kind: "speed", speed: Number(event.currentTarget.value) })}
          >
            {SPEEDS.map((one) => (
              <option key={one} value={String(one)}>
                {one} ×
              </option>
            ))}
          </select>
        </label>
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            seed.value = undefined;
            send({ kind: "restart", seed: Math.trunc(Number(typed)) });
          }}
        >
          <label class="row">
            Seed
            <input
              inputMode="numeric"
              pattern="[0-9]+"
              size={8}
              value={typed}
              onInput={(event) => (seed.value = event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button">
            Begin again
          </button>
        </form>
      </div>
      <label class="stack-s">
        <span>
          Go to a tick{" "}
          <span class="soft">
            ({firstTick} to {newestTick}; a step from an earlier one drops what came after it)
          </span>
        </span>
        <input
          type="range"
          data-go-to
          min={firstTick}
          max={Math.max(firstTick + 1, newestTick)}
          value={record.tick}
          onInput={(event) => send({ kind: "goTo", tick: Number(event.currentTarget.value) })}
        />
      </label>
      {record.result && (
        <p data-result>
          The match is over:{" "}
          {record.result.map(({ score, rank }, seat) => `seat ${seat} has rank ${rank} and ${score} points`).join("; ")}
          .
        </p>
      )}
      {game.tickRate === 0 && (
        <p class="soft">
          A game of turns: Play waits for inputs; Step goes on without any, as when the time of a turn is over.
        </p>
      )}
    </section>
  );
}
