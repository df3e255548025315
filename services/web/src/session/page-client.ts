// The SDK's client as the page has it: REST at once, the realtime connection loaded when it is first opened.
import { MusterError, type Realtime, RestClient } from "@muster/client";

export class PageClient extends RestClient {
  /** @throws MusterError */
  async connect(): Promise<Realtime> {
    const { Realtime: Opened } = await import("./realtime.ts").catch((cause: unknown) => {
      throw new MusterError("network", "a part of the page could not be loaded", { cause });
    });
    const realtime = new Opened(`${this.url.replace(/^http/, "ws")}/v1/realtime`, (not) => this.accessFor(not), {
      note: (what) => this.log.note(what),
    });
    await realtime.ready();
    return realtime;
  }
}
