// Reduces the snapshot rate when ticks begin late: most of the work is then sending snapshots, here and in the gateways on
// the same machine. The simulation, its inputs and its log are not affected; players receive fewer states per second.

/** A tick at 30 a second is 33 ms long: what begins half of one late is seen by players. */
const LATE_MS = 16;
const EARLY_ENOUGH_MS = 4;
const WINDOW_MS = 1000;
/** In one window: above it a snapshot less is sent, so that one long pause by itself changes nothing. */
const LATE_SHARE_MAX = 0.25;
/** After this many consecutive windows below it, the snapshot rate rises one step. */
const CALM_SHARE_MAX = 0.02;
const CALM_WINDOWS = 5;
export const TICKS_PER_SNAPSHOT_MAX = 3;
/** With fewer matches it is not the showing that makes ticks late, and showing less would help nobody. */
export const MATCHES_MIN = 50;

export interface Pace {
  /** 1: every tick is shown. Read once per match and tick. */
  readonly ticksPerSnapshot: number;
}

export interface SnapshotPaceOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Matches held. */
  readonly matches: () => number;
  readonly onChange: (ticksPerSnapshot: number, lateShare: number) => void;
}

export class SnapshotPace implements Pace {
  ticksPerSnapshot = 1;
  readonly #options: SnapshotPaceOptions;
  #windowFrom: number;
  #began = 0;
  #late = 0;
  #notEarly = 0;
  #calmWindows = 0;

  constructor(options: SnapshotPaceOptions) {
    this.#options = options;
    this.#windowFrom = options.now();
  }

  /** Reports how long after its deadline the tick of some matches began. */
  began(lateMs: number): void {
    this.#began++;
    if (lateMs > EARLY_ENOUGH_MS) this.#notEarly++;
    if (lateMs > LATE_MS) this.#late++;
    const now = this.#options.now();
    if (now - this.#windowFrom < WINDOW_MS) return;
    this.#decide();
    this.#windowFrom = now;
    this.#began = this.#late = this.#notEarly = 0;
  }

  #decide(): void {
    const lateShare = this.#late / this.#began;
    if (this.#options.matches() < MATCHES_MIN) return this.#change(Math.max(1, this.ticksPerSnapshot - 1));
    if (lateShare > LATE_SHARE_MAX) return this.#change(Math.min(TICKS_PER_SNAPSHOT_MAX, this.ticksPerSnapshot + 1));
    this.#calmWindows = this.#notEarly / this.#began <= CALM_SHARE_MAX ? this.#calmWindows + 1 : 0;
    if (this.#calmWindows >= CALM_WINDOWS) this.#change(Math.max(1, this.ticksPerSnapshot - 1));
  }

  #change(ticksPerSnapshot: number): void {
    this.#calmWindows = 0;
    if (ticksPerSnapshot === this.ticksPerSnapshot) return;
    this.ticksPerSnapshot = ticksPerSnapshot;
    this.#options.onChange(ticksPerSnapshot, this.#late / this.#began);
  }
}
