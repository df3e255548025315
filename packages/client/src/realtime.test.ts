import { DISCONNECTS, encodeServerControl } from "@muster/realtime";
import { describe, expect, it } from "vitest";
import { Realtime } from "./realtime.ts";

/** A WebSocket whose server is this test: it welcomes everyone, and closes when told to. */
class FakeWebSocket extends EventTarget {
  static readonly all: FakeWebSocket[] = [];
  readyState = 1;
  binaryType = "";
  constructor() {
    super();
    FakeWebSocket.all.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }
  send(): void {
    const data = encodeServerControl({ message: { case: "welcome", value: {} } }).buffer;
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("message"), { data })));
  }
  close(code = 1000, reason = ""): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

function connect(): { realtime: Realtime; asked: boolean[]; sockets: FakeWebSocket[] } {
  FakeWebSocket.all.length = 0;
  const asked: boolean[] = [];
  const token = async (fresh: boolean): Promise<string> => (asked.push(fresh), "token");
  const realtime = new Realtime("ws://test", token, { webSocket: FakeWebSocket as never });
  return { realtime, asked, sockets: FakeWebSocket.all };
}

describe("a realtime connection", () => {
  it("comes back by itself, with a new token when the server says that the old one has ended", async () => {
    const { realtime, asked, sockets } = connect();
    await realtime.ready();
    sockets[0]?.close(1006);
    await realtime.ready();
    sockets[1]?.close(DISCONNECTS.tokenExpired.code);
    await realtime.ready();
    expect(asked).toEqual([false, false, true]);
    realtime.close();
  });

  it.each([DISCONNECTS.badToken.code, DISCONNECTS.replaced.code, 1000])(
    "stays away after a close that says so: %i",
    async (code) => {
      const { realtime, sockets } = connect();
      await realtime.ready();
      const closed = new Promise<number>((resolve) => realtime.onClosed((reason) => resolve(reason.status)));
      sockets[0]?.close(code);
      expect(await closed).toBe(code);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(sockets).toHaveLength(1);
    },
  );

  it("gives up when there is no session to connect with", async () => {
    const { MusterError } = await import("./errors.ts");
    const realtime = new Realtime(
      "ws://test",
      () => Promise.reject(new MusterError("bad_refresh_token", "no", { status: 401 })),
      { webSocket: FakeWebSocket as never },
    );
    await expect(realtime.ready()).rejects.toMatchObject({ code: "bad_refresh_token" });
  });
});
