// One version of a game's rules, in its process.
import { fork } from "node:child_process";
import path from "node:path";
import type { GameAnswer, GameRequest } from "./messages.ts";

export interface GameProcess {
  /** One at a time. @throws Error with what the game's process said; or because it did not answer, and was ended */
  ask<A extends GameAnswer["kind"]>(request: GameRequest, wanted: A): Promise<Extract<GameAnswer, { kind: A }>>;
  end(): void;
  readonly ended: boolean;
}

/** `withinMs`: a step that takes longer never returns. */
export function startGameProcess(withinMs: number): GameProcess {
  const child = fork(path.join(import.meta.dirname, "game-child.ts"), {
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let waiting: PromiseWithResolvers<GameAnswer> | undefined;
  let ended = false;
  const end = (): void => {
    ended = true;
    child.kill("SIGKILL");
  };
  child.on("message", (answer: GameAnswer) => waiting?.resolve(answer));
  child.on("error", (err) => waiting?.reject(err));
  child.on("exit", (code, signal) => {
    ended = true;
    waiting?.reject(new Error(`the game's process ended (${signal ?? code})`));
  });
  return {
    end,
    get ended() {
      return ended;
    },
    async ask(request, wanted) {
      if (ended) throw new Error("the game's process has ended");
      waiting = Promise.withResolvers();
      const timer = setTimeout(() => {
        waiting?.reject(new Error(`has not returned for ${withinMs / 1000} s`));
        end();
      }, withinMs);
      try {
        child.send(request, (err) => err && waiting?.reject(err));
        const answer = await waiting.promise;
        if (answer.kind === "failed") throw new Error(answer.message);
        if (answer.kind !== wanted) throw new Error(`answered ${answer.kind} instead of ${wanted}`);
        return answer as Extract<GameAnswer, { kind: typeof wanted }>;
      } finally {
        clearTimeout(timer);
        waiting = undefined;
      }
    },
  };
}
