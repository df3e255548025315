// The messages in transit between the processes of protocol-model.ts. Messages of one link arrive in order, all others in any
// order and possibly twice.

interface Named {
  readonly id: string;
}

export interface Message {
  readonly to: string;
  /** Whose link it comes by. */
  readonly from: string | undefined;
  readonly deliver: () => void;
}

/** Of so many that wait longest, any may be next. */
const CHOICE = 6;

export class ModelNetwork {
  readonly #random: (below: number) => number;
  #messages: Message[] = [];

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#messages.length;
  }

  sendOn(from: Named, to: Named, deliver: () => void): void {
    this.#messages.push({ from: from.id, to: to.id, deliver });
  }

  send(to: string, deliver: () => void): void {
    const message = { from: undefined, to, deliver };
    this.#messages.push(message);
    if (this.#random(20) === 0) this.#messages.push(message);
  }

  /** Nothing of this link arrives any more, in either direction. */
  cut(one: Named, other: Named): void {
    const ends = [one.id, other.id];
    this.#messages = this.#messages.filter(({ from, to }) => !(from && ends.includes(from) && ends.includes(to)));
  }

  /** What is for a process that is stopped waits in its socket; for one that is down it is lost. */
  next(stateOf: (id: string) => "up" | "stopped" | "down"): Message | undefined {
    const chosen = this.#messages[this.#random(Math.max(1, Math.min(this.size, CHOICE)))];
    if (!chosen) return undefined;
    const isBefore = ({ from, to }: Message): boolean => from !== undefined && from === chosen.from && to === chosen.to;
    const first = this.#messages.find((one) => one === chosen || isBefore(one)) as Message;
    const state = stateOf(first.to);
    if (state === "stopped") {
      const waits = ({ to }: Message): boolean => to === first.to;
      this.#messages = [...this.#messages.filter((one) => !waits(one)), ...this.#messages.filter(waits)];
      return undefined;
    }
    this.#messages.splice(this.#messages.indexOf(first), 1);
    return state === "up" ? first : undefined;
  }
}
