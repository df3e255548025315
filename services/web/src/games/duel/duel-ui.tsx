// The duel: a canvas for the arena, the scores as text beside it.
import { Smoothing } from "@muster/client";
import { duel } from "@muster/game-duel";
import type { StateOf } from "@muster/game-kit";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { text } from "../../text/index.ts";
import { Canvas } from "../canvas.tsx";
import type { BoardProps, GameUi } from "../game-ui.ts";
import { HeldButtons } from "../held-buttons.ts";
import { TouchButtons } from "../touch-buttons.tsx";
import { sound } from "../sound.ts";
import { DuelPainter } from "./duel-painter.ts";

type State = StateOf<typeof duel.state>;
type Props = BoardProps<typeof duel.state, typeof duel.input>;

const ARENA = 65_536;
/** A ship that was destroyed comes back elsewhere: not an error to smooth away. */
const TELEPORT = 6000;

const BINDINGS = {
  left: { keys: ["ArrowLeft", "KeyA"], pad: (pad: Gamepad) => (pad.axes[0] ?? 0) < -0.4 || pressed(pad, 14) },
  right: { keys: ["ArrowRight", "KeyD"], pad: (pad: Gamepad) => (pad.axes[0] ?? 0) > 0.4 || pressed(pad, 15) },
  thrust: { keys: ["ArrowUp", "KeyW"], pad: (pad: Gamepad) => pressed(pad, 7) || pressed(pad, 1) || pressed(pad, 12) },
  fire: { keys: ["Space", "Enter"], pad: (pad: Gamepad) => pressed(pad, 0) || pressed(pad, 5) },
} as const;

function pressed(pad: Gamepad, button: number): boolean {
  return pad.buttons[button]?.pressed ?? false;
}

interface Shown {
  readonly round: number;
  readonly secondsLeft: number;
  readonly seats: readonly { readonly points: number; readonly rounds: number; readonly hitPoints: number }[];
}

function DuelBoard({ feed }: Props) {
  const { match: say } = text.value;
  const mine = feed.seat;
  const shown = useSignal<Shown | undefined>(undefined);
  const news = useSignal("");
  const buttons = useMemo(() => (mine === undefined ? undefined : new HeldButtons(BINDINGS)), [mine]);
  const painter = useMemo(() => new DuelPainter(mine), [mine]);
  const smoothing = useMemo(() => new Smoothing({ wrap: ARENA, snapAbove: TELEPORT }), []);

  useEffect(() => {
    let before: State | undefined;
    const stopStates = feed.onState((state) => {
      const next = shownOf(state);
      if (JSON.stringify(next) !== JSON.stringify(shown.value)) shown.value = next;
      if (before) announce(before, state);
      painter.happened(before, state, performance.now());
      before = state;
    });
    const position = (state: State): number[] => {
      const ship = state.ships[mine ?? 0] as State["ships"][number];
      return [ship.x, ship.y];
    };
    const stopCorrections = feed.onCorrection((was, is) =>
      smoothing.corrected(position(was), position(is), performance.now()),
    );
    return () => {
      stopStates();
      stopCorrections();
      buttons?.stop();
    };

    function announce(was: State, is: State): void {
      if (was.round !== is.round) sound("round");
      if (was.round !== is.round) news.value = say.round(is.round, feed.options["rounds"] ?? 3);
      if (mine === undefined) return;
      const gained = (seat: number): boolean => (is.ships[seat]?.totalScore ?? 0) > (was.ships[seat]?.totalScore ?? 0);
      if (gained(mine)) [news.value] = [say.hit, sound("hit")];
      if (gained(1 - mine)) [news.value] = [say.wasHit, sound("hurt")];
    }
  }, [feed]);

  return (
    <div class="board">
      <Scores feed={feed} shown={shown.value} />
      <Canvas
        label={say.board}
        look="space"
        draw={(pen) => {
          if (buttons) feed.input(buttons.read());
          const moment = feed.moment(pen.now);
          const predicted = feed.predicted(pen.now);
          if (!moment) return;
          painter.draw(
            pen,
            moment,
            predicted,
            (x, y) => smoothing.shown([x, y], pen.now) as [number, number],
            buttons?.read(),
          );
        }}
      />
      <p class="visually-hidden" role="status">
        {news}
      </p>
      {buttons && (
        <TouchButtons
          buttons={buttons}
          names={{ left: say.left, right: say.right, thrust: say.thrust, fire: say.fire }}
        />
      )}
      {buttons && <p class="soft help">{say.help}</p>}
    </div>
  );
}

function Scores({ feed, shown }: Pick<Props, "feed"> & { readonly shown: Shown | undefined }) {
  const { match: say } = text.value;
  return (
    <dl class="scores">
      {feed.names.map((name, seat) => {
        const one = shown?.seats[seat];
        return (
          <div key={seat} class={`score seat-${seat}`}>
            <dt>
              {name} {seat === feed.seat && <span class="tag">{say.you}</span>}
            </dt>
            <dd>
              <span class="points" title={say.points}>
                <span class="visually-hidden">{say.points}: </span>
                {one?.points ?? 0}
              </span>
              <span class="soft">
                {say.roundsWon}: {one?.rounds ?? 0}
              </span>
              <span class="hull" role="img" aria-label={`${one?.hitPoints ?? 0} / 3`}>
                {"●".repeat(one?.hitPoints ?? 0).padEnd(3, "○")}
              </span>
            </dd>
          </div>
        );
      })}
      <div class="score clock">
        <dt>{say.round(shown?.round ?? 1, feed.options["rounds"] ?? 3)}</dt>
        <dd>
          <span class="points" title={say.timeLeft}>
            <span class="visually-hidden">{say.timeLeft}: </span>
            {say.seconds(shown?.secondsLeft ?? 0)}
          </span>
        </dd>
      </div>
    </dl>
  );
}

function shownOf(state: State): Shown {
  return {
    round: state.round,
    secondsLeft: Math.ceil(state.roundTicksLeft / duel.tickRate),
    seats: state.ships.map(({ roundScore, roundsWon, hitPoints }) => ({
      points: roundScore,
      rounds: roundsWon,
      hitPoints,
    })),
  };
}

export const duelUi: GameUi<typeof duel.state, typeof duel.input> = { game: duel, Board: DuelBoard };
