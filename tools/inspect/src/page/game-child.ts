// The process in which an inspected game runs: each version of its rules in one of its own, which can be ended whatever it does.
import type { Game } from "@muster/game-kit";
import { sourceLineOf } from "@muster/game-kit/trial";
import { findGame } from "../find-game.ts";
import { shownLine } from "../inspect-text.ts";
import type { GameAnswer, GameRequest } from "./messages.ts";
import { SteeredInspection } from "./steered-inspection.ts";

let inspection: SteeredInspection | undefined;
let game: Game | undefined;

async function answer(request: GameRequest): Promise<GameAnswer> {
  if (request.kind === "begin") {
    game ??= await findGame(request.word);
    inspection = new SteeredInspection(game, request.setup);
    return { kind: "begun", game: inspection.shown, record: inspection.first };
  }
  if (!inspection) throw new Error("there is no match");
  if (request.kind === "step") return { kind: "stepped", record: inspection.step(request.orders, request.always) };
  inspection.goTo(request.moment);
  return { kind: "stepped", record: inspection.first };
}

process.on("message", (request: GameRequest) => {
  answer(request).then(
    (said) => process.send?.(said),
    (err: unknown) => process.send?.({ kind: "failed", message: messageOf(err) } satisfies GameAnswer),
  );
});
process.once("disconnect", () => process.exit());

/** With the line, where there is one: a syntax error has it above its stack. */
function messageOf(err: unknown): string {
  if (!(err instanceof Error)) return String(err);
  const [first = ""] = (err.stack ?? "").split("\n");
  const line = /^(?:file:\/\/)?(\/\S+:\d+)$/.exec(first)?.[1] ?? sourceLineOf(err.stack);
  return line === undefined ? err.message : `${err.message} (${shownLine(line)})`;
}
