// One of the two clients: what it has of the match, who plays it, and what it sends.
import { useMemo } from "preact/hooks";
import type { Control, ShownClient, ShownGame, View } from "../src/page/messages.ts";
import { Board } from "./board.tsx";
import { Inputs } from "./inputs.tsx";
import { StateTable } from "./state-table.tsx";
import { send, sides } from "./state.ts";
import { dotsOf, sectionsOf } from "./state-tree.ts";

interface Props {
  /** 0: left, 1: right. */
  readonly side: number;
  readonly seat: number;
  readonly game: ShownGame;
  readonly view: View;
}

export function ClientPane({ side, seat, game, view }: Props) {
  const client = view.clients[seat] as ShownClient;
  const { seen, tick } = client;
  const sections = useMemo(() => sectionsOf(game.slots), [game]);
  const dots = useMemo(() => dotsOf(sections), [sections]);
  const behind = view.record.tick - tick;
  const changed = new Set(tick === view.record.tick ? view.record.changes.map(({ path }) => path) : []);
  return (
    <section aria-labelledby={`client-${side}`} class="card stack-s" data-client={seat}>
      <div class="row spread">
        <h2 id={`client-${side}`}>Client of seat {seat}</h2>
        {game.seats > 2 && <SeatChoice side={side} seat={seat} seats={game.seats} />}
        <ControlChoice seat={seat} game={game} control={client.control} />
      </div>
      <p class="soft">
        has tick <span data-seen-tick>{tick}</span>
        {behind > 0 && ` (${behind} behind)`}, hash <code data-seen-hash>{seen.hash}</code>,{" "}
        <span class={seen.same ? "good" : "bad"}>{seen.same ? agreement(game) : "not what was sent to it"}</span>; got{" "}
        <span data-seen-bytes>{seen.bytes}</span> bytes
      </p>
      {dots.length > 0 && <Board dots={dots} game={game} words={seen.words} seat={seat} />}
      <Inputs side={side} seat={seat} game={game} view={view} />
      <LinkQuality seat={seat} game={game} client={client} />
      <StateTable
        sections={sections}
        game={game}
        words={seen.words}
        changed={changed}
        bits={seen.bits}
        label={`State at seat ${seat}`}
      />
    </section>
  );
}

function agreement({ conceals }: ShownGame): string {
  return conceals ? "the same as what this seat may see" : "the same as the match";
}

function SeatChoice({ side, seat, seats }: { readonly side: number; readonly seat: number; readonly seats: number }) {
  const choose = (chosen: number): void => {
    sides.value = sides.value.map((one, i) => (i === side ? chosen : one));
  };
  return (
    <label class="row">
      Seat
      <select value={String(seat)} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {Array.from({ length: seats }, (_, i) => (
          <option key={i} value={String(i)}>
            {i}
          </option>
        ))}
      </select>
    </label>
  );
}

function ControlChoice({
  seat,
  game,
  control,
}: {
  readonly seat: number;
  readonly game: ShownGame;
  readonly control: Control;
}) {
  const choices: [Control, string][] = [
    ...(game.input ? [["person", "you"] as [Control, string]] : []),
    ...game.bots.map((name): [Control, string] => [`bot ${name}`, `the bot ${name}`]),
    ["chance", "chance"],
    ["nobody", "nobody"],
  ];
  return (
    <label class="row">
      Played by
      <select
        data-control
        value={control}
        onChange={(event) => send({ kind: "control", seat, control: event.currentTarget.value as Control })}
      >
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function LinkQuality({
  seat,
  game,
  client,
}: {
  readonly seat: number;
  readonly game: ShownGame;
  readonly client: ShownClient;
}) {
  if (game.tickRate === 0) return null;
  const { latencyMs, lossPercent } = client.link;
  return (
    <div class="row">
      <label class="stack-s slider">
        <span>Latency each way, {latencyMs} ms</span>
        <input
          type="range"
          min={0}
          max={500}
          step={10}
          value={latencyMs}
          data-latency
          onInput={(event) => send({ kind: "link", seat, lossPercent, latencyMs: Number(event.currentTarget.value) })}
        />
      </label>
      <label class="stack-s slider">
        <span>Lost and sent again, {lossPercent} %</span>
        <input
          type="range"
          min={0}
          max={30}
          value={lossPercent}
          onInput={(event) => send({ kind: "link", seat, latencyMs, lossPercent: Number(event.currentTarget.value) })}
        />
      </label>
    </div>
  );
}
