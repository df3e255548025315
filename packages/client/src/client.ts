import { Realtime } from "./realtime.ts";
import type { RealtimeOptions } from "./realtime-options.ts";
import type { Player } from "./rest.ts";
import { RestClient } from "./rest-client.ts";
import { outcomeOf } from "./support-log.ts";

/** A player's client for a Muster server: create one per player. */
export class MusterClient extends RestClient {
  /** Those that are not closed. */
  readonly #connections = new Set<Realtime>();

  override async upgradeGuest(credentials: Parameters<RestClient["upgradeGuest"]>[0]): Promise<Player> {
    const player = await super.upgradeGuest(credentials);
    for (const realtime of this.#connections) realtime.renewToken();
    return player;
  }

  /** Also closes the realtime connections. */
  override close(): void {
    for (const realtime of this.#connections) realtime.close();
    super.close();
  }

  /** Opens the realtime connection, which reconnects by itself until you close it. */
  async connect(options: RealtimeOptions = {}): Promise<Realtime> {
    const realtime = new Realtime(`${this.url.replace(/^http/, "ws")}/v1/realtime`, (not) => this.accessFor(not), {
      ...options,
      note: (what) => this.log.note(what),
    });
    this.#connections.add(realtime);
    realtime.onClosed(() => this.#connections.delete(realtime));
    realtime.onConnection(({ state, reason }) =>
      this.log.note(`realtime ${state}${reason ? `: ${outcomeOf(reason)}` : ""}`),
    );
    await realtime.ready();
    return realtime;
  }
}
