// A consumer's dead letters: why each failed, its payload, and its replay or discard, one by one or many together.
import { useSignal } from "@preact/signals";
import { MusterError } from "@muster/client";
import { useState } from "preact/hooks";
import { dateText } from "../text/index.ts";
import { Failure, Loading, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { usePages } from "../ui/pages-of.ts";
import { ask, type Schemas } from "./api.ts";
import { useOrders } from "./orders.tsx";
import { Select, Who } from "./parts.tsx";
import { may } from "./routes.ts";
import { words } from "./words.ts";

type Letter = Schemas["DeadLetter"];
type State = Letter["state"] | "any";
type Consumer = "rating-service" | "replay-service";

const STATES: readonly State[] = ["open", "ordered", "replayed", "discarded", "any"];
/** The most that one order may be about. */
const SELECTED_MAX = 50;
/** How often it is asked again: the first look makes the consumer read its letters, and connect to Kafka before, which takes some seconds. */
const TRIES: Readonly<Record<string, number>> = { letters_being_read: 15, kafka_away: 3 };
const TRY_EVERY_MS = 700;

export function LettersPage({ consumer }: { readonly consumer: Consumer }) {
  const { events: say, refresh } = words.value;
  const state = useSignal<State>("open");
  const selected = useSignal<ReadonlySet<number>>(new Set());
  const [counts, setCounts] = useState<{ open: number; notShown: number }>();
  const pages = usePages(
    async (cursor) => {
      const query = { state: state.value, ...(cursor !== undefined && { after: Number(cursor) }) };
      const { letters, more, open, notShown } = await onceRead(() =>
        ask("listDeadLetters", { params: { consumer }, query }),
      );
      setCounts({ open, notShown });
      return { items: letters, nextCursor: more ? String(letters.at(-1)?.offset) : undefined };
    },
    [state.value],
  );
  const orders = useOrders(() => {
    selected.value = new Set();
    pages.reload();
  });
  const select = (offset: number, on: boolean): void => {
    const next = new Set(selected.value);
    if (on) next.add(offset);
    else next.delete(offset);
    selected.value = next;
  };
  const handle = (verb: "replay" | "discard", letters: readonly Letter[]): void => {
    const again = letters.some((one) => one.state !== "open");
    const offsets = letters.map(({ offset }) => offset);
    orders.give({
      question: verb === "replay" ? say.replayAsk(offsets.length, again) : say.discardAsk(offsets.length),
      yes: verb === "replay" ? say.replay : say.discard,
      async send(reason) {
        const params = { consumer };
        const { ordered, done, leftOut } =
          verb === "replay"
            ? await ask("replayDeadLetters", { params, body: { offsets, reason, again } })
            : await ask("discardDeadLetters", { params, body: { offsets, reason } });
        return (verb === "replay" ? say.replayed : say.discarded)(done, ordered - done, leftOut);
      },
    });
  };
  const items = pages.items ?? [];
  const chosen = items.filter(({ offset }) => selected.value.has(offset)).slice(0, SELECTED_MAX);
  const acts = may("replayDeadLetters") && may("discardDeadLetters");
  return (
    <Page title={say.letters(consumer)} intro={say.lettersIntro}>
      <div class="row">
        <a href="/console/events">{say.back}</a>
        <Select
          id="letters"
          label={say.show}
          value={state.value}
          options={STATES.map((one) => [one, say.states[one]] as const)}
          onChange={(value) => {
            selected.value = new Set();
            state.value = value as State;
          }}
        />
        <button type="button" class="button" disabled={pages.loading} onClick={pages.reload}>
          {refresh}
        </button>
      </div>
      {orders.view}
      {counts !== undefined && (
        <p class="soft">
          {say.open(counts.open)}
          {counts.notShown > 0 && ` ${say.notShown(counts.notShown)}`}
        </p>
      )}
      {acts && items.length > 0 && (
        <div class="row">
          <button
            type="button"
            class="button"
            onClick={() =>
              (selected.value = new Set(
                chosen.length > 0 ? [] : items.slice(0, SELECTED_MAX).map(({ offset }) => offset),
              ))
            }
          >
            {chosen.length > 0 ? say.selectNone : say.selectAll(Math.min(items.length, SELECTED_MAX))}
          </button>
          <button
            type="button"
            class="button"
            disabled={chosen.length === 0}
            onClick={() => handle("replay", chosen)}
            data-selection="replay"
          >
            {say.replaySelected(chosen.length)}
          </button>
          <button
            type="button"
            class="button"
            disabled={chosen.length === 0}
            onClick={() => handle("discard", chosen)}
            data-selection="discard"
          >
            {say.discardSelected(chosen.length)}
          </button>
        </div>
      )}
      <Listed pages={pages} empty={say.noLetters}>
        {(letters) => (
          <ul class="stack">
            {letters.map((letter) => (
              <LetterCard
                key={letter.offset}
                consumer={consumer}
                letter={letter}
                acts={acts}
                selected={selected.value.has(letter.offset)}
                onSelect={(on) => select(letter.offset, on)}
                onHandle={(verb) => handle(verb, [letter])}
              />
            ))}
          </ul>
        )}
      </Listed>
    </Page>
  );
}

interface CardProps {
  readonly consumer: Consumer;
  readonly letter: Letter;
  readonly acts: boolean;
  readonly selected: boolean;
  readonly onSelect: (on: boolean) => void;
  readonly onHandle: (verb: "replay" | "discard") => void;
}

function LetterCard({ consumer, letter, acts, selected, onSelect, onHandle }: CardProps) {
  const { events: say, none } = words.value;
  const [shown, setShown] = useState(false);
  const { offset, state, type, key, failure, error, attempts, failedAt, origin, problem } = letter;
  const failures: Readonly<Record<string, string>> = say.failures;
  return (
    <li class="card stack-s" data-letter={offset}>
      <h2>
        {acts ? (
          <label class="row">
            <input type="checkbox" checked={selected} onChange={(event) => onSelect(event.currentTarget.checked)} />
            {say.letter(offset, type === "" ? none : type)}
          </label>
        ) : (
          say.letter(offset, type === "" ? none : type)
        )}
      </h2>
      <dl class="facts">
        <dt>{say.state}</dt>
        <dd>{say.states[state]}</dd>
        <dt>{say.failure}</dt>
        <dd>{failures[failure] ?? failure}</dd>
        <dt>{say.error}</dt>
        <dd class="wrap">{error === "" ? none : error}</dd>
        <dt>{say.attempts}</dt>
        <dd>{say.tries(attempts, dateText(failedAt))}</dd>
        <dt>{say.key}</dt>
        <dd class="wrap">{key === "" ? none : key}</dd>
        <dt>{say.origin}</dt>
        <dd class="wrap">{origin}</dd>
        {letter.handledBy !== undefined && (
          <>
            <dt>{say.handled}</dt>
            <dd class="wrap">
              <Who id={letter.handledBy} />
              {letter.handledAt !== undefined && `, ${dateText(letter.handledAt)}`}: {letter.handledWhy}
            </dd>
          </>
        )}
        {problem !== undefined && (
          <>
            <dt>{say.problem}</dt>
            <dd class="wrap bad">{problem}</dd>
          </>
        )}
      </dl>
      <div class="row">
        <button type="button" class="button" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? say.hidePayload : say.showPayload}
        </button>
        {acts && state !== "ordered" && (
          <button type="button" class="button" onClick={() => onHandle("replay")}>
            {state === "open" ? say.replay : say.replayAgain}
          </button>
        )}
        {acts && state === "open" && (
          <button type="button" class="button" onClick={() => onHandle("discard")}>
            {say.discard}
          </button>
        )}
      </div>
      {shown && <Payload consumer={consumer} offset={offset} />}
    </li>
  );
}

function Payload({ consumer, offset }: { readonly consumer: Consumer; readonly offset: number }) {
  const { events: say } = words.value;
  const details = useLoaded(
    () => onceRead(() => ask("getDeadLetter", { params: { consumer, offset } })),
    [consumer, offset],
  );
  if (details.error !== undefined) return <Failure error={details.error} />;
  if (!details.value) return <Loading />;
  const { payload, base64, letter } = details.value;
  return (
    <>
      <p class="soft">
        {say.payload(letter.payloadBytes)}
        {base64 && ` ${say.base64}`}
      </p>
      {/* It scrolls: a keyboard has to reach it. */}
      <pre class="scroll" tabIndex={0} role="region" aria-label={say.payload(letter.payloadBytes)} data-payload>
        {readable(payload)}
      </pre>
    </>
  );
}

/** JSON with line breaks; anything else as it is. */
function readable(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), undefined, 2);
  } catch {
    return payload;
  }
}

/** Asks again while the consumer is reading its letters, or connects. */
async function onceRead<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read();
    } catch (err) {
      if (!(err instanceof MusterError) || tries >= (TRIES[err.code] ?? 0)) throw err;
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}
