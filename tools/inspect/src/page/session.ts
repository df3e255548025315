// An inspection in the browser: one match, its clock, its clients, and the ticks so far. The game runs in a process of its own, and is
// asked for one step at a time.
import { shownLine } from "../inspect-text.ts";
import { ClientLink } from "./client-link.ts";
import type { GameProcess } from "./game-process.ts";
import { History } from "./history.ts";
import type { Control, InputValues, MatchSetup, Order, SeatOrder, ShownGame, TickRecord, View } from "./messages.ts";

/** How often a game of turns asks whether a player does something. */
const TURNS_LOOK_MS = 300;
const RECENT_TICKS = 12;

interface Client {
  control: Control;
  readonly link: ClientLink;
  /** What the person there holds down. */
  pressed: InputValues | undefined;
}

export class InspectSession {
  game: ShownGame;
  readonly #word: string;
  readonly #start: () => GameProcess;
  readonly #changed: () => void;
  #setup: MatchSetup;
  #process: GameProcess;
  /** The tick that the game's process is at. */
  #processAt: number;
  #history: History;
  #shown: TickRecord;
  #clients: readonly Client[];
  #playing = false;
  /** A fault of the rules has stopped the match. */
  #faulted = false;
  #speed = 1;
  #rules = 1;
  #notice: View["notice"];
  /** One at a time. */
  #last: Promise<void> = Promise.resolve();

  private constructor(
    parts: { word: string; setup: MatchSetup; start: () => GameProcess; changed: () => void },
    process: GameProcess,
    begun: { game: ShownGame; record: TickRecord },
  ) {
    this.#word = parts.word;
    this.#setup = parts.setup;
    this.#start = parts.start;
    this.#changed = parts.changed;
    this.#process = process;
    this.game = begun.game;
    this.#history = new History(begun.record);
    this.#shown = begun.record;
    this.#processAt = begun.record.tick;
    this.#clients = clientsOf(begun.game, []);
  }

  /** `changed`: there is another view, or another game. @throws Error where there is no such game */
  static async open(parts: {
    readonly word: string;
    readonly setup: MatchSetup;
    readonly start: () => GameProcess;
    readonly changed: () => void;
  }): Promise<InspectSession> {
    const process = parts.start();
    try {
      const { word, setup } = parts;
      return new InspectSession(parts, process, await process.ask({ kind: "begin", word, setup }, "begun"));
    } catch (err) {
      process.end();
      throw err;
    }
  }

  /** The match's clock. */
  async run(stop: AbortSignal): Promise<void> {
    let due = performance.now();
    while (!stop.aborted) {
      const everyMs = (this.game.tickRate > 0 ? 1000 / this.game.tickRate : TURNS_LOOK_MS) / this.#speed;
      due = Math.max(due + everyMs, performance.now() - 4 * everyMs); // a late clock does not run after its time
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, due - performance.now())));
      if (this.#playing) await this.#alone(() => this.#step(this.game.tickRate > 0));
    }
    this.#process.end();
  }

  /** @throws Error for a seat that there is not, or a bot */
  async order(order: Order): Promise<void> {
    if ("seat" in order && order.seat >= this.game.seats) throw new Error(`there is no seat ${order.seat}`);
    if (order.kind === "control" && !isPossible(this.game, order.control))
      throw new Error(`there is no ${order.control}`);
    await this.#alone(() => this.#do(order));
  }

  /** The sources have changed. */
  async reload(): Promise<void> {
    await this.#alone(async () => {
      const next = this.#start();
      try {
        const begun = await next.ask({ kind: "begin", word: this.#word, setup: this.#setup }, "begun");
        this.#process.end();
        this.#process = next;
        this.#take(begun);
      } catch (err) {
        next.end();
        const text = `The changed rules could not be loaded, so the old ones stay: ${(err as Error).message}`;
        this.#notice = { kind: "error", text };
      }
    });
  }

  get view(): View {
    const { moment: _, seen, ...record } = this.#shown;
    return {
      playing: this.#playing,
      speed: this.#speed,
      seed: this.#setup.seed,
      rules: this.#rules,
      notice: this.#notice,
      firstTick: this.#history.first.tick,
      newestTick: this.#history.newest.tick,
      record: { ...record, changes: record.changes.map(withShownLine) },
      clients: this.#clients.map(({ control, link }, seat) => {
        const tick = Math.min(link.tick, this.#shown.tick);
        const own = tick === this.#shown.tick ? seen : this.#history.at(tick).seen;
        return { control, link: link.quality, tick, seen: own[seat] as (typeof seen)[number] };
      }),
      recent: this.#history.recent(this.#shown.tick, RECENT_TICKS),
      fields: this.#history.fields,
      problems: this.#history.problems.map(withShownLine),
    };
  }

  #alone(run: () => void | Promise<void>): Promise<void> {
    this.#last = this.#last.then(run).catch((err: unknown) => this.#fault((err as Error).message));
    return this.#last.then(this.#changed);
  }

  async #do(order: Order): Promise<void> {
    const client = "seat" in order ? this.#clients[order.seat] : undefined;
    if (order.kind === "play") this.#playing = !this.#shown.over;
    else if (order.kind === "pause") this.#playing = false;
    else if (order.kind === "step") {
      this.#playing = false;
      await this.#step(true);
    } else if (order.kind === "goTo") this.#goTo(order.tick);
    else if (order.kind === "speed") this.#speed = order.speed;
    else if (order.kind === "restart") await this.#restart(order.seed);
    else if (!client)
      return; // seats went with changed rules
    else if (order.kind === "control") {
      client.control = order.control;
      client.pressed = undefined;
      if (this.game.inputMode === "held") client.link.send({}, this.#shown.tick);
    } else if (order.kind === "link")
      client.link.quality = { latencyMs: order.latencyMs, lossPercent: order.lossPercent };
    else {
      client.control = "person";
      if (this.game.inputMode === "held") client.pressed = order.values;
      client.link.send(order.values, this.#shown.tick);
    }
  }

  #goTo(tick: number): void {
    this.#playing = false;
    this.#faulted = false;
    this.#shown = this.#history.at(tick);
    for (const { link } of this.#clients) link.reset(this.#shown.tick);
  }

  /** @param always also where no player does anything */
  async #step(always: boolean): Promise<void> {
    const shown = this.#shown;
    if (shown.over) return void (this.#playing = false);
    if (this.#history.newest !== shown) this.#history.cutAfter(shown.tick);
    if (this.#process.ended) {
      this.#process = this.#start();
      await this.#process.ask({ kind: "begin", word: this.#word, setup: this.#setup }, "begun");
      this.#processAt = -1;
    }
    if (this.#processAt !== shown.tick) {
      await this.#process.ask({ kind: "goTo", moment: shown.moment }, "stepped");
      this.#processAt = shown.tick;
      // What was held at that tick may be held no longer.
      for (const { link, pressed } of this.#clients) if (pressed) link.send(pressed, shown.tick);
    }
    const { record } = await this.#asked(this.#orders(shown.tick), always);
    if (!record) return;
    this.#history.push(record);
    this.#shown = record;
    this.#processAt = record.tick;
    for (const { link } of this.#clients) link.stepped(record.tick);
    const thrown = record.problems.find(({ kind }) => kind === "throws");
    if (thrown) this.#fault(`The step to tick ${record.tick} has thrown: ${thrown.message}`);
    else if (record.over) this.#playing = false;
  }

  #orders(tick: number): SeatOrder[] {
    const held = this.game.inputMode === "held";
    return this.#clients.map(({ control, link }) => ({ control, values: link.take(tick, held) }));
  }

  async #asked(orders: SeatOrder[], always: boolean): Promise<{ record: TickRecord | undefined }> {
    try {
      return await this.#process.ask({ kind: "step", orders, always }, "stepped");
    } catch (err) {
      throw new Error(`The step to tick ${this.#shown.tick + 1}: ${(err as Error).message}`, { cause: err });
    }
  }

  /** What stops a match until its rules change, or somebody plays on. */
  #fault(text: string): void {
    this.#faulted ||= this.#playing;
    this.#playing = false;
    this.#notice = { kind: "error", text };
    this.#processAt = -1;
  }

  async #restart(seed: number): Promise<void> {
    this.#setup = { ...this.#setup, seed };
    if (this.#process.ended) this.#process = this.#start();
    const begun = await this.#process.ask({ kind: "begin", word: this.#word, setup: this.#setup }, "begun");
    this.#notice = undefined;
    this.#beginAgain(begun);
  }

  /** New rules: the state goes on with them, if it has the same fields. */
  #take(begun: { game: ShownGame; record: TickRecord }): void {
    const same = begun.game.layoutHash === this.game.layoutHash;
    this.game = begun.game;
    this.#clients = clientsOf(this.game, same ? this.#clients : []);
    this.#rules++;
    if (!same) this.#beginAgain(begun);
    else {
      this.#processAt = -1;
      const fault = this.#shown.problems.some(({ kind }) => kind === "throws");
      if (fault) this.#shown = this.#history.at(this.#shown.tick - 1);
      this.#history.cutAfter(this.#shown.tick);
      this.#history.rulesChanged();
      for (const { link } of this.#clients) link.reset(this.#shown.tick);
    }
    this.#playing ||= this.#faulted;
    this.#faulted = false;
    const what = same
      ? `The state of tick ${this.#shown.tick} was kept.`
      : "The state or the inputs have other fields now, so the match began again.";
    this.#notice = { kind: "info", text: `The changed rules were loaded. ${what}` };
  }

  #beginAgain({ record }: { record: TickRecord }): void {
    this.#history = new History(record);
    this.#shown = record;
    this.#processAt = record.tick;
    this.#faulted = false;
    for (const client of this.#clients) {
      client.link.reset(record.tick);
      if (client.pressed) client.link.send(client.pressed, record.tick);
    }
  }
}

function withShownLine<T extends { readonly line?: string }>(found: T): T {
  return found.line === undefined ? found : { ...found, line: shownLine(found.line) };
}

/** Bots, where there are any; what somebody has chosen stays, where it can. */
function clientsOf(game: ShownGame, before: readonly Client[]): Client[] {
  return Array.from({ length: game.seats }, (_, seat) => {
    const old = before[seat];
    const [bot] = game.bots;
    const fallback: Control = bot === undefined ? "chance" : `bot ${bot}`;
    const link = new ClientLink(seat, game.tickRate);
    if (old) link.quality = old.link.quality;
    if (old && isPossible(game, old.control)) return { control: old.control, link, pressed: old.pressed };
    return { control: fallback, link, pressed: undefined };
  });
}

function isPossible(game: ShownGame, control: Control): boolean {
  if (control === "person") return game.input !== undefined;
  return !control.startsWith("bot ") || game.bots.includes(control.slice("bot ".length));
}
