// What a match tells its gateways about itself: its log, who has a seat, who holds the log, and how it ended.
import type { InputLog, Simulation } from "@muster/game-kit";
import type { Audience, Link, Session, ToGateway } from "../tick/subscribers.ts";
import type { MatchInputs } from "../tick/match-inputs.ts";
import { follow, rulesOf } from "./match-messages.ts";
import type { MatchSpec } from "./match-spec.ts";
import type { Views } from "../tick/views.ts";

export interface AnnouncementsParts {
  readonly spec: MatchSpec;
  readonly channel: number;
  readonly simulation: Simulation;
  readonly log: InputLog;
  readonly inputs: MatchInputs;
  readonly views: Views;
  readonly audience: Audience;
  /** How many records each gateway had when it handed the log over. Used the first time that it follows the match here; later it may have dropped them. */
  readonly held: Map<string, number>;
}

const NO_LOG = new Uint8Array(0);

export class Announcements {
  readonly #parts: AnnouncementsParts;
  /** What the players were told of the end. */
  #ending: ToGateway | undefined;
  #stored = false;

  constructor(parts: AnnouncementsParts) {
    this.#parts = parts;
  }

  /** The link gets the log so far, then every record. */
  follow(link: Link, witness: boolean): void {
    const { spec, channel, simulation, log: all, held } = this.#parts;
    const { matchId, epoch } = spec;
    const afterTicks = Math.min(held.get(link.gatewayId) ?? 0, all.records);
    held.delete(link.gatewayId);
    const log = all.complete ? all.bytesAfter(afterTicks).slice() : NO_LOG;
    link.control(follow({ channel, matchId, epoch, witness, afterTicks, log, check: simulation.check() }));
  }

  holders(): void {
    const { channel, audience } = this.#parts;
    audience.controlAll({ message: { case: "holders", value: { channel, gatewayIds: audience.holders } } });
  }

  joined(seat: number, session: Session, resumed: boolean): void {
    const { spec, channel, simulation, inputs, views } = this.#parts;
    const view = views.of(seat);
    const rules = rulesOf(spec, channel, simulation.context.options);
    const value = { ...rules, session: session.id, seat, lastInputSeq: inputs.lastSeq(seat), resumed, view };
    session.link.control({ message: { case: "joined", value } });
    // Between two ticks the state is the base of the next delta: this keyframe fits it.
    session.link.keyframe(channel, view, views.keyframe(view));
  }

  /** Sends the final keyframe before the end itself, so that clients that were behind, or were not shown the last tick, see the last state. */
  over(ending: ToGateway): void {
    const { channel, audience } = this.#parts;
    if (ending.message?.case === "ended") {
      this.#ending = ending;
      audience.keyframes(channel);
    }
    audience.controlAll(ending);
  }

  /** To a player who comes back after the end. @returns false when there is nothing to tell */
  overBefore(seat: number, session: Session): boolean {
    const { channel, audience } = this.#parts;
    if (!this.#ending) return false;
    const { link } = session;
    audience.witness(link); // until the result is stored
    this.follow(link, false); // its gateway may have let go of it already
    this.joined(seat, session, true);
    link.control(this.#ending);
    if (this.#stored) link.control({ message: { case: "stored", value: { channel } } });
    return true;
  }

  /** match-service has the result: nobody needs the log any more. */
  stored(): void {
    this.#stored = true;
    this.#parts.audience.controlAll({ message: { case: "stored", value: { channel: this.#parts.channel } } });
  }
}
