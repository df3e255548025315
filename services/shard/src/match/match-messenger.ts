// Sends the messages of a match to its gateways: its log, who has a seat, which gateways replicate the log, and how it ended.
import type { InputLog, Simulation } from "@muster/game-kit";
import type { Subscribers, Link, LinkSession, ToGateway } from "../tick/subscribers.ts";
import type { MatchInputs } from "../tick/match-inputs.ts";
import { follow, rulesOf } from "./match-messages.ts";
import type { MatchSpec } from "./match-spec.ts";
import type { Views } from "../tick/views.ts";

export interface MatchMessengerParts {
  readonly spec: MatchSpec;
  readonly channel: number;
  readonly simulation: Simulation;
  readonly log: InputLog;
  readonly inputs: MatchInputs;
  readonly views: Views;
  readonly subscribers: Subscribers;
  /** How many records each gateway had when it transferred its log. Used the first time that the gateway follows the match here; later it may have dropped them. */
  readonly recordsByGateway: Map<string, number>;
}

const NO_LOG = new Uint8Array(0);

export class MatchMessenger {
  readonly #parts: MatchMessengerParts;
  /** What the players were told of the end. */
  #ending: ToGateway | undefined;
  #stored = false;

  constructor(parts: MatchMessengerParts) {
    this.#parts = parts;
  }

  /** The link gets the log so far, then every record. `replicaOnly`: the gateway has no players or spectators of this match. */
  follow(link: Link, replicaOnly: boolean): void {
    const { spec, channel, simulation, log: all, recordsByGateway } = this.#parts;
    const { matchId, epoch } = spec;
    const afterTicks = Math.min(recordsByGateway.get(link.gatewayId) ?? 0, all.records);
    recordsByGateway.delete(link.gatewayId);
    const log = all.complete ? all.bytesAfter(afterTicks).slice() : NO_LOG;
    link.control(
      follow({ channel, matchId, epoch, witness: replicaOnly, afterTicks, log, check: simulation.checksum() }),
    );
  }

  replicas(): void {
    const { channel, subscribers } = this.#parts;
    subscribers.controlAll({ message: { case: "holders", value: { channel, gatewayIds: subscribers.replicas } } });
  }

  joined(seat: number, session: LinkSession, resumed: boolean): void {
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
    const { channel, subscribers } = this.#parts;
    if (ending.message?.case === "ended") {
      this.#ending = ending;
      subscribers.keyframes(channel);
    }
    subscribers.controlAll(ending);
  }

  /** To a player who comes back after the end. @returns false when there is nothing to tell */
  overBefore(seat: number, session: LinkSession): boolean {
    const { channel, subscribers } = this.#parts;
    if (!this.#ending) return false;
    const { link } = session;
    subscribers.addReplica(link); // until the result is stored
    this.follow(link, false); // its gateway may have let go of it already
    this.joined(seat, session, true);
    link.control(this.#ending);
    if (this.#stored) link.control({ message: { case: "stored", value: { channel } } });
    return true;
  }

  /** match-service has the result: nobody needs the log any more. */
  stored(): void {
    this.#stored = true;
    this.#parts.subscribers.controlAll({ message: { case: "stored", value: { channel: this.#parts.channel } } });
  }
}
