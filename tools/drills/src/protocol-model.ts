// Runs the protocol of design/realtime/survival.md through thousands of random schedules: messages are delayed and cut off,
// those of the matchmaker also reordered and duplicated; shards and gateways crash, stop and wake up, are suspected and
// leave. The rules that decide are those of the services (the gateways' takeover, LogTransfers, decideAdvance); the network,
// the matchmaker's questions and the clock are the model's.
import { decideAdvance } from "@muster/match-service/testing";
import { type Action, isBoundTo, type MatchEvent, takeover } from "@muster/realtime-gateway/testing";
import { LogTransfers } from "@muster/shard/testing";
import { seededBelow } from "@muster/testkit/numbers";
import { ModelNetwork } from "./model-network.ts";
import { type Gateway, hearingOf, type Log, newGateway, newShard, type Shard, unbind } from "./model-processes.ts";

const STEPS_MAX = 400;
const END_TICKS = 30;
const GATEWAYS = ["g0", "g1", "g2"];
/** Rounds in which everything on its way arrives and every timer fires. */
const ROUNDS_TO_SETTLE = 30;

export class Model {
  readonly #random: (below: number) => number;
  readonly gateways: Gateway[];
  readonly shards: Shard[];
  /** What is on its way. */
  readonly #network: ModelNetwork;
  readonly row = { state: "running" as "running" | "ended", epoch: 1, shard_id: "s0" };
  readonly results: { epoch: number; log: Log }[] = [];
  /** The longest log that any player saw, and how its makers may be lost. */
  readonly seen: string[][] = [];
  readonly problems: string[] = [];

  constructor(seed: number) {
    this.#random = seededBelow(seed);
    this.#network = new ModelNetwork(this.#random);
    this.shards = ["s0", "s1", "s2", "s3"].map((id) => newShard(id, id === "s0" ? 1 : 0));
    this.gateways = GATEWAYS.map(newGateway);
    for (const gateway of this.gateways) this.#playerComes(gateway);
    this.#deliverAll(); // all play
  }

  run(): void {
    for (let step = 0; step < STEPS_MAX && this.row.state === "running"; step++) {
      this.#step();
      for (const { id, bound } of this.gateways)
        if (bound.size > 1) this.problems.push(`${id} takes frames of ${[...bound].join(" and ")}`);
    }
  }

  /** Everything that is still there works again. */
  settle(): void {
    for (const shard of this.shards) shard.stopped = false;
    for (let round = 0; round < ROUNDS_TO_SETTLE && this.row.state === "running"; round++) {
      this.#deliverAll();
      for (const gateway of this.gateways) this.#apply(gateway, { kind: "askTimerFired", waitedMs: 0 });
    }
    if (this.row.state !== "running") return;
    for (const { id, up, state } of this.gateways)
      if (up && (!isBoundTo(state, this.row.shard_id) || state.seats.some(({ at }) => at !== "joined")))
        this.problems.push(`${id} does not carry the match: ${JSON.stringify(state)}`);
  }

  #step(): void {
    const action = this.#random(200);
    if (action < 100) return this.#deliver();
    if (action < 172) return this.#tick();
    if (action < 177) return this.#suspect();
    if (action < 182) return this.#fireTimer();
    if (action < 185) return this.#cutLink();
    if (action < 188) return this.#crashShard();
    if (action < 193) return this.#stopOrWake();
    if (action < 195) return this.#leave();
    if (action < 197) return this.#giveUpWaiting();
    if (action < 198) return this.#crashGateway();
    return this.#playerComesOrGoes();
  }

  // ── the network ──────────────────────────────────────────────────────────────────────────────────────────────────

  #deliver(): void {
    const message = this.#network.next((to) => this.#stateOf(to));
    if (!message) return;
    const gateway = this.gateways.find(({ id }) => id === message.to);
    if (gateway && message.from !== undefined && gateway.suspected.delete(message.from))
      this.#apply(gateway, { kind: "linkHeardAgain", link: message.from });
    message.deliver();
  }

  #deliverAll(): void {
    for (let left = 1000; left > 0 && this.#network.size > 0; left--) this.#deliver();
  }

  #stateOf(id: string): "up" | "stopped" | "down" {
    const shard = this.shards.find((one) => one.id === id);
    if (shard?.stopped) return "stopped";
    return (shard ?? this.gateways.find((one) => one.id === id))?.up === false ? "down" : "up";
  }

  #onClosed(gateway: Gateway, shard: Shard): void {
    shard.followers.delete(gateway.id);
    shard.joining = shard.joining.filter((one) => one.gateway !== gateway);
    gateway.suspected.delete(shard.id);
    unbind(gateway, shard.id);
    this.#apply(gateway, { kind: "linkClosed", link: shard.id });
  }

  // ── gateways ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #playerComes(gateway: Gateway): void {
    const { epoch, shard_id: link } = this.row;
    const hearing = hearingOf(gateway, link);
    this.#apply(gateway, { kind: "joinRequested", seat: ++gateway.lastSeat, epoch, link, hearing });
  }

  #playerComesOrGoes(): void {
    const gateway = this.#any(this.gateways);
    if (!gateway) return;
    const [, second] = gateway.state.seats;
    if (second) this.#apply(gateway, { kind: "left", seat: second.seat, forfeit: false });
    else this.#playerComes(gateway);
  }

  /** The real rules decide; what they say is done. */
  #apply(gateway: Gateway, event: MatchEvent<string>): void {
    if (!gateway.up) return;
    const { state, actions } = takeover(gateway.state, event);
    gateway.state = state;
    for (const action of actions) this.#perform(gateway, action);
  }

  /** Timers fire when the schedule says so; what only metrics and spectators hear is left out. */
  #perform(gateway: Gateway, action: Action<string>): void {
    const { kind } = action;
    if (kind === "ask") gateway.question = action;
    if (kind === "askAgain" || (kind === "ask" && action.waitMs === 0)) this.#ask(gateway);
    else if (kind === "join") this.#join(gateway, this.#shard(action.link), action.seat);
    else if (kind === "transferLog") this.#transferLog(gateway, this.#shard(action.link), action.epoch);
    else if (kind === "unbind") unbind(gateway, action.link);
    else if (kind === "drop") {
      if (action.link !== undefined) unbind(gateway, action.link);
      gateway.log = [];
      this.#forgetSeenOnlyBy();
    } else if (kind === "notify")
      // its player tries again
      this.#network.send(gateway.id, () => gateway.state.seats.length === 0 && this.#playerComes(gateway));
  }

  #ask(gateway: Gateway): void {
    const { question } = gateway;
    if (question) this.#network.send("matchmaker", () => this.#onAsked(gateway, question));
  }

  #join(gateway: Gateway, shard: Shard, seat: number): void {
    this.#network.sendOn(gateway, shard, () => {
      if (shard.round) shard.joining = [...shard.joining, { gateway, seat }];
      else if (shard.log) this.#giveSeat(gateway, shard, seat);
      else
        this.#network.sendOn(shard, gateway, () =>
          this.#apply(gateway, { kind: "joinRefused", seat, code: "match_not_found" }),
        );
    });
    if (!shard.up) this.#network.sendOn(shard, gateway, () => this.#onClosed(gateway, shard));
  }

  #transferLog(gateway: Gateway, shard: Shard, epoch: number): void {
    const transfer = {
      gatewayId: gateway.id,
      ticks: gateway.log.length,
      checksum: 0,
      replicas: GATEWAYS,
      log: new TextEncoder().encode(gateway.log.join()),
      keyframe: new Uint8Array(0),
    };
    this.#network.sendOn(gateway, shard, () => {
      if (shard.epoch !== epoch || !shard.round) return;
      shard.round.add(transfer);
      if (shard.round.complete) this.#takeOver(shard);
    });
  }

  #onFollow(gateway: Gateway, shard: Shard, epoch: number, log: Log): void {
    this.#apply(gateway, { kind: "followed", link: shard.id, epoch, replica: true });
    const { phase } = gateway.state;
    if (phase.kind !== "following" || phase.link !== shard.id || phase.epoch !== epoch) return;
    gateway.bound.add(`${shard.id}:${epoch}`);
    gateway.log = [...log];
    this.seen.push([...log]);
  }

  #onTick(gateway: Gateway, shard: Shard, epoch: number, record: string): void {
    if (!gateway.bound.has(`${shard.id}:${epoch}`)) return;
    gateway.log.push(record);
    this.seen.push([...gateway.log]);
  }

  // ── shards ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #shard(id: string): Shard {
    return this.shards.find((shard) => shard.id === id) as Shard;
  }

  /** A shard that believes that the match is its own makes a tick. */
  #tick(): void {
    const all = this.shards.filter((shard) => shard.up && !shard.stopped && shard.log);
    const shard = all[this.#random(Math.max(1, all.length))];
    if (!shard?.log) return;
    if (shard.log.length >= END_TICKS) return this.#record(shard);
    shard.log.push(`${shard.epoch}:${shard.log.length}`);
    const [epoch, record] = [shard.epoch, shard.log.at(-1) as string];
    for (const gateway of this.gateways)
      if (shard.followers.has(gateway.id))
        this.#network.sendOn(shard, gateway, () => this.#onTick(gateway, shard, epoch, record));
  }

  #record(shard: Shard): void {
    const { epoch } = shard;
    const log = [...(shard.log as string[])];
    this.#network.send("match-service", () => {
      if (this.row.state !== "running" || epoch !== this.row.epoch) return; // decideResult: stale_epoch, duplicate
      this.row.state = "ended";
      this.results.push({ epoch, log });
    });
  }

  #giveSeat(gateway: Gateway, shard: Shard, seat: number): void {
    this.#follow(gateway, shard);
    this.#network.sendOn(shard, gateway, () => this.#apply(gateway, { kind: "seatJoined", seat }));
  }

  #follow(gateway: Gateway, shard: Shard): void {
    if (shard.followers.has(gateway.id)) return;
    shard.followers.add(gateway.id);
    const [epoch, log] = [shard.epoch, [...(shard.log ?? [])]];
    this.#network.sendOn(shard, gateway, () => this.#onFollow(gateway, shard, epoch, log));
  }

  #takeOver(shard: Shard): void {
    const longest = shard.round?.ranked[0];
    if (!longest) return;
    const text = new TextDecoder().decode(longest.log);
    shard.log = text === "" ? [] : text.split(",");
    shard.round = undefined;
    for (const gateway of this.gateways) this.#follow(gateway, shard);
    for (const { gateway, seat } of shard.joining) this.#giveSeat(gateway, shard, seat);
    shard.joining = [];
  }

  // ── the matchmaker ───────────────────────────────────────────────────────────────────────────────────────────────

  #onAsked(gateway: Gateway, { epoch, lost }: { readonly epoch: number; readonly lost: boolean }): void {
    if (this.row.state !== "running") return;
    const { up, left } = this.#shard(this.row.shard_id);
    const isGone = !up || left; // and not at the matchmaker any more
    if ((isGone || (lost && epoch === this.row.epoch)) && this.#moveOn()) return;
    this.#tellWhere(gateway);
  }

  #tellWhere(gateway: Gateway): void {
    const { epoch, shard_id: link } = this.row;
    this.#network.send(gateway.id, () => {
      const hearing = hearingOf(gateway, link);
      this.#apply(gateway, { kind: "relocated", epoch, link, hearing, movable: true });
      const shard = this.#shard(link);
      if (gateway.state.phase.kind === "located")
        this.#network.sendOn(gateway, shard, () => this.#gone(shard, gateway));
    });
  }

  /** Another shard accepts, the database fences, all gateways are told. */
  #moveOn(): boolean {
    const candidates = this.shards.filter(
      ({ id, up, stopped, left }) => up && !stopped && !left && id !== this.row.shard_id,
    );
    const shard = candidates[this.#random(Math.max(1, candidates.length))];
    if (!shard) return false;
    const expectedEpoch = this.row.epoch;
    const verdict = decideAdvance(this.row, { expectedEpoch, shardId: shard.id });
    if (verdict !== "advance") return false;
    const before = this.shards.filter((other) => other.epoch === expectedEpoch + 1);
    if (before.length > 0) this.problems.push(`two authorities of epoch ${expectedEpoch + 1}`);
    Object.assign(this.row, { epoch: expectedEpoch + 1, shard_id: shard.id });
    Object.assign(shard, { epoch: this.row.epoch, log: undefined });
    shard.round = new LogTransfers(this.gateways.filter(({ up }) => up).map(({ id }) => id));
    shard.followers.clear();
    for (const gateway of this.gateways) this.#tellWhere(gateway);
    return true;
  }

  // ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────

  #any<T>(all: readonly T[]): T | undefined {
    return all[this.#random(Math.max(1, all.length))];
  }

  #suspect(): void {
    const gateway = this.#any(this.gateways);
    const shard = this.#any(this.shards.filter(({ up, stopped, id }) => up && (stopped || id === this.row.shard_id)));
    if (!gateway?.up || !shard || gateway.suspected.has(shard.id)) return;
    gateway.suspected.add(shard.id);
    this.#apply(gateway, { kind: "linkSuspected", link: shard.id });
  }

  #fireTimer(): void {
    const gateway = this.#any(this.gateways.filter(({ state }) => state.question));
    if (gateway) this.#apply(gateway, { kind: "askTimerFired", waitedMs: 0 });
  }

  #cutLink(): void {
    const [gateway, shard] = [this.#any(this.gateways), this.#any(this.shards)];
    if (!gateway?.up || !shard) return;
    this.#network.cut(gateway, shard);
    this.#onClosed(gateway, shard);
  }

  #crashShard(): void {
    const up = this.shards.filter((shard) => shard.up && !shard.left);
    const shard = this.#any(up);
    if (up.length < 3 || !shard) return;
    Object.assign(shard, { up: false, stopped: false, log: undefined, round: undefined });
    for (const gateway of this.gateways) this.#network.sendOn(shard, gateway, () => this.#onClosed(gateway, shard));
  }

  #stopOrWake(): void {
    const shard = this.#any(this.shards);
    if (shard?.up) shard.stopped = !shard.stopped;
  }

  /** A shard that is told to stop lets its match go. */
  #leave(): void {
    const shard = this.#shard(this.row.shard_id);
    const { epoch, log } = shard;
    if (!shard.up || shard.stopped || !log || this.shards.filter(({ up, left }) => up && !left).length < 3) return;
    Object.assign(shard, { left: true, log: undefined });
    for (const gateway of this.gateways)
      if (shard.followers.delete(gateway.id))
        this.#network.sendOn(shard, gateway, () => {
          if (gateway.bound.has(`${shard.id}:${epoch}`)) this.#apply(gateway, { kind: "moving" });
        });
  }

  #crashGateway(): void {
    const up = this.gateways.filter((gateway) => gateway.up);
    const gateway = this.#any(up);
    if (up.length < 2 || !gateway) return;
    gateway.up = false;
    gateway.bound.clear();
    // Its players saw what its log contained; what only they saw may be lost, as the design says.
    this.#forgetSeenOnlyBy();
    for (const shard of this.shards) this.#gone(shard, gateway);
  }

  #gone(shard: Shard, gateway: Gateway): void {
    shard.round?.gone(gateway.id);
    // No log is left: the match is lost.
    if (shard.round?.size === 0 && this.gateways.every(({ up, state }) => !up || state.phase.kind === "located"))
      this.row.state = "ended";
    if (shard.round?.complete && shard.up && !shard.stopped) this.#takeOver(shard);
  }

  /** A replica that is gone takes with it what no other one had. */
  #forgetSeenOnlyBy(): void {
    const longest = Math.max(...this.gateways.filter(({ up }) => up).map(({ log }) => log.length));
    for (const log of this.seen) log.length = Math.min(log.length, longest);
  }

  /** A shard that waits for logs gives them time in the model: it is never made to go on without a replica that lives. */
  #giveUpWaiting(): void {
    for (const shard of this.shards) if (shard.round?.complete && shard.up && !shard.stopped) this.#takeOver(shard);
  }

  check(): string[] {
    if (this.results.length > 1) this.problems.push("more than one result");
    const [result] = this.results;
    if (result && result.epoch !== this.row.epoch) this.problems.push("the result is of an epoch before the last");
    const truth = result?.log ?? this.seen.toSorted((a, b) => b.length - a.length)[0] ?? [];
    for (const log of this.seen) {
      const fork = log.findIndex((record, i) => truth[i] !== record);
      if (fork >= 0) {
        this.problems.push(`a player saw ${log[fork]} at ${fork}; in the end it is ${truth[fork] ?? "lost"}`);
        break;
      }
    }
    return this.problems;
  }
}
