import type { Socket } from "../src/connection/ws.ts";

/** A socket whose peer reads at once. What a test wants to know of it, it overrides. */
export class ReadingSocket implements Socket {
  send(_bytes: Uint8Array): "sent" {
    return "sent";
  }
  ping(): "sent" {
    return "sent";
  }
  bufferedBytes(): number {
    return 0;
  }
  end(_code: number): void {}
  terminate(): void {}
}
