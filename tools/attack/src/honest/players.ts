// The honest players of a run. They are created once and used for all activities.
import { randomBytes } from "node:crypto";
import { MusterClient, type Realtime } from "@muster/client";

export interface HonestPlayer {
  readonly client: MusterClient;
  readonly realtime: Realtime;
}

export class HonestPlayers {
  readonly url: string;
  readonly #players: HonestPlayer[] = [];

  constructor(url: string) {
    this.url = url;
  }

  /** The first `count` of them, connected. */
  async take(count: number): Promise<HonestPlayer[]> {
    while (this.#players.length < count) this.#players.push(await this.#enter());
    return this.#players.slice(0, count);
  }

  takeTwo(): Promise<[HonestPlayer, HonestPlayer]> {
    return this.take(2) as Promise<[HonestPlayer, HonestPlayer]>;
  }

  close(): void {
    for (const { realtime } of this.#players) realtime.close();
  }

  async #enter(): Promise<HonestPlayer> {
    const client = new MusterClient({ url: this.url });
    await client.logInGuest(randomBytes(16).toString("hex"));
    return { client, realtime: await client.connect() };
  }
}
