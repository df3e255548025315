// The TypeScript SDK as a client under test: node tools/conformance/src/drivers/sdk.ts ws://…/driver
import {
  type MatchEnd,
  MusterClient,
  MusterError,
  type PlayingMatch,
  type Realtime,
  type WatchedMatch,
} from "@muster/client";
import { SCRIPTED_GAME } from "../server/scripted-game.ts";

type Command = { readonly id: number; readonly do: string } & Readonly<Record<string, unknown>>;
type Game = typeof SCRIPTED_GAME;

/** Waits less than a player would: a check that fails because of it would fail anyway. */
const RECONNECT_WITHIN_MS = 4000;

class Player {
  readonly #tell: (event: object) => void;
  #client: MusterClient | undefined;
  #realtime: Realtime | undefined;
  #queue = new AbortController();
  #found: Awaited<ReturnType<Realtime["queue"]>> | undefined;
  #match: PlayingMatch<Game["state"], Game["input"]> | undefined;
  #watched: WatchedMatch<Game["state"]> | undefined;

  constructor(tell: (event: object) => void) {
    this.#tell = tell;
  }

  readonly commands: Readonly<Record<string, (command: Command) => Promise<object>>> = {
    start: async ({ url }) => {
      this.#client = new MusterClient({ url: url as string });
      const { playerId } = await this.#client.logInGuest(crypto.randomUUID());
      this.#realtime = await this.#client.connect({ reconnectWithinMs: RECONNECT_WITHIN_MS });
      this.#realtime.onClosed(({ status, code }) => this.#tell({ event: "closed", code: status || code }));
      return { playerId };
    },
    stop: async () => {
      this.#client?.close();
      this.#client = undefined;
      return {};
    },
    ping: async () => ({ ms: await this.#online.ping() }),
    queue: async ({ mode }) => {
      this.#queue = new AbortController();
      this.#found = await this.#online.queue(mode as string, { signal: this.#queue.signal });
      const { matchId, seat, held, players } = this.#found;
      return { matchId, seat, held, bots: players.map(({ bot }) => bot).filter((bot) => bot !== "") };
    },
    cancel: async () => {
      this.#queue.abort();
      return {};
    },
    join: async () => {
      const match = await this.#online.join(this.#found as Awaited<ReturnType<Realtime["queue"]>>, SCRIPTED_GAME);
      this.#match = match;
      match.onSeatStatus((status) => this.#tell({ event: "seat", ...status }));
      match.ended.then((end) => this.#tell(endOf(end))).catch(() => undefined);
      this.#watchRefusals(match);
      return { matchId: match.matchId, seat: match.seat };
    },
    input: async ({ value }) => {
      if (!this.#match) throw new MusterError("not_in_match", "there is no match");
      return { seq: this.#match.send(value as never) };
    },
    leave: async () => {
      await this.#online.leaveMatch();
      return {};
    },
    watch: async ({ matchId }) => {
      const watched = await this.#online.watch(matchId as string, SCRIPTED_GAME);
      this.#watched = watched;
      watched.ended.then((reason) => this.#tell({ event: "watch-ended", reason })).catch(() => undefined);
      return { delayMs: watched.delayMs };
    },
    "stop-watching": async () => {
      await this.#online.stopWatching();
      return {};
    },
    state: async () => {
      const shown = this.#match ?? this.#watched;
      return { tick: shown?.latest?.tick ?? -1, acks: [...(shown?.latest?.acks ?? [])], hash: shown?.stateHash ?? "" };
    },
    subscribe: async () => {
      const channels = Promise.withResolvers<string[]>();
      await this.#online.subscribeToChat({
        onMessage: ({ channelId, seq, body, deleted }) => this.#tell({ event: "chat", channelId, seq, body, deleted }),
        onChannels: (all) => channels.resolve(all.map(({ channelId }) => channelId)),
      });
      return { channels: await channels.promise };
    },
    say: async ({ channelId, body, key }) => ({
      seq: await this.#online.sendChat(channelId as string, body as string, key as string),
    }),
  };

  get #online(): Realtime {
    if (!this.#realtime) throw new MusterError("closed", "not started");
    return this.#realtime;
  }

  /** The SDK counts them. */
  #watchRefusals(match: PlayingMatch<Game["state"], Game["input"]>): void {
    const told = new Map<string, number>();
    const timer = setInterval(() => {
      for (const [code, count] of match.refusals) {
        const more = count - (told.get(code) ?? 0);
        if (more > 0) this.#tell({ event: "refused", code, count: more });
        told.set(code, count);
      }
    }, 20);
    timer.unref();
    match.ended.then(() => clearInterval(timer)).catch(() => undefined);
  }
}

function endOf({ kind, ...end }: MatchEnd): object {
  const seats = "seats" in end ? end.seats : [];
  return { event: kind, ...end, scores: seats.map(({ score }) => score), ranks: seats.map(({ rank }) => rank) };
}

/** @returns when the runner has closed the connection */
export async function driveSdk(url: string): Promise<void> {
  const socket = new WebSocket(url);
  const send = (message: object): void => socket.send(JSON.stringify(message));
  let player = new Player(send);
  socket.addEventListener("message", ({ data }) => {
    const command = JSON.parse(data as string) as Command;
    if (command.do === "start") player = new Player(send);
    const run = player.commands[command.do];
    if (!run) return send({ id: command.id, error: "unknown_command" });
    run(command).then(
      (ok) => send({ id: command.id, ok }),
      (err: unknown) => {
        const { code, details } = err instanceof MusterError ? err : new MusterError("internal", String(err));
        send({ id: command.id, error: code, retryAfterMs: details?.["retryAfterMs"] });
      },
    );
  });
  await new Promise((resolve) => socket.addEventListener("close", resolve));
}

if (import.meta.main) await driveSdk(process.argv[2] ?? process.env["MUSTER_CONFORMANCE"] ?? "");
