// Loaded before a service's main.ts (node --import): its wall clock jumps when told so by a signal, as that of a machine does whose time is set
// by hand. Timers and performance.now() go on: they do not depend on it.
const JUMP_MS = 600_000;
const RealDate = Date;
let offsetMs = 0;

class JumpingDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + offsetMs);
    else super(...(args as [number]));
  }
  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = JumpingDate as DateConstructor;
process.on("SIGUSR2", () => (offsetMs = JUMP_MS));
process.on("SIGHUP", () => (offsetMs = -JUMP_MS));
process.on("SIGWINCH", () => (offsetMs = 0));
