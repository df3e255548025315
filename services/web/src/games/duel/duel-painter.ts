// Draws the arena. The player's own ship and bullets come from the prediction, everything else from the server's states.
import type { duel } from "@muster/game-duel";
import { ANGLES, type StateOf } from "@muster/game-kit";
import type { Moment } from "../../play/feed.ts";
import type { Pen } from "../canvas.tsx";

type State = StateOf<typeof duel.state>;
type Ship = State["ships"][number];
type Bullet = State["bullets"][number];

const ARENA = 65_536;
const SHIP_RADIUS = 1400;
const BULLETS_PER_SHIP = 4;
/** A distance that nothing flies in a tick: it was placed anew, and is not drawn in between. */
const PLACED_ANEW = 4000;
const STARS = 60;
const SPARKS_MS = 500;
const SPARKS = 14;

interface Burst {
  readonly x: number;
  readonly y: number;
  readonly at: number;
  readonly seat: number;
}

export class DuelPainter {
  readonly #mine: number | undefined;
  readonly #stars = Array.from(
    { length: STARS },
    () => [Math.random(), Math.random(), Math.random() * 1.2 + 0.3] as const,
  );
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  #bursts: Burst[] = [];

  constructor(mine: number | undefined) {
    this.#mine = mine;
  }

  /** Hits show as sparks where the ship was. */
  happened(was: State | undefined, is: State, now: number): void {
    if (!was || this.#still.matches) return;
    is.ships.forEach((ship, seat) => {
      const before = was.ships[seat] as Ship;
      if (ship.hitPoints < before.hitPoints || (ship.safeTicks > before.safeTicks && was.round === is.round))
        this.#bursts.push({ x: before.x, y: before.y, at: now, seat });
    });
  }

  draw(
    pen: Pen,
    moment: Moment<typeof duel.state>,
    predicted: Moment<typeof duel.state> | undefined,
    smoothed: (x: number, y: number) => [number, number],
    held: { readonly thrust: boolean } | undefined,
  ): void {
    const { context, size, now } = pen;
    context.clearRect(0, 0, size, size);
    this.#drawStars(pen);
    moment.to.ships.forEach((_, seat) => {
      const own = seat === this.#mine && predicted !== undefined;
      const { from, to, share } = own ? predicted : moment;
      const [before, ship] = [from.ships[seat] as Ship, to.ships[seat] as Ship];
      let [x, y] = between(before, ship, share);
      if (own) [x, y] = smoothed(x, y);
      const turn = ((ship.angle - before.angle) << 24) >> 24;
      const angle = before.angle + turn * share;
      const thrusts = own ? (held?.thrust ?? false) : speedsUp(before, ship);
      this.#around(pen, x, y, (px, py) => this.#drawShip(pen, px, py, angle, seat, ship.safeTicks > 0, thrusts));
      for (let i = 0; i < BULLETS_PER_SHIP; i++) {
        const index = seat * BULLETS_PER_SHIP + i;
        const [was, bullet] = [from.bullets[index] as Bullet, to.bullets[index] as Bullet];
        if (!bullet.live) continue;
        const [bx, by] = was.live ? between(was, bullet, share) : [bullet.x, bullet.y];
        this.#around(pen, bx, by, (px, py) => this.#drawBullet(pen, px, py, seat));
      }
    });
    this.#bursts = this.#bursts.filter(({ at }) => now - at < SPARKS_MS);
    for (const burst of this.#bursts) this.#drawBurst(pen, burst);
  }

  #drawStars({ context, size, colour }: Pen): void {
    context.fillStyle = colour("--line");
    for (const [x, y, radius] of this.#stars) {
      context.beginPath();
      context.arc(x * size, y * size, radius, 0, Math.PI * 2);
      context.fill();
    }
  }

  /** What is at an edge shows at the opposite one too: the arena is a torus. */
  #around({ size }: Pen, x: number, y: number, draw: (x: number, y: number) => void): void {
    const [px, py, near] = [(x / ARENA) * size, (y / ARENA) * size, (SHIP_RADIUS * 2 * size) / ARENA];
    const also = (at: number): number[] => [
      at,
      ...(at < near ? [at + size] : []),
      ...(at > size - near ? [at - size] : []),
    ];
    for (const ax of also(px)) for (const ay of also(py)) draw(ax, ay);
  }

  #drawShip(
    { context, size, now, colour }: Pen,
    x: number,
    y: number,
    angle: number,
    seat: number,
    safe: boolean,
    thrusts: boolean,
  ): void {
    const radius = (SHIP_RADIUS * size) / ARENA;
    context.save();
    context.translate(x, y);
    context.rotate((angle / ANGLES) * Math.PI * 2);
    if (thrusts) {
      context.fillStyle = colour("--warn");
      const length = this.#still.matches ? 1.6 : 1.5 + 0.3 * Math.sin(now / 40);
      context.beginPath();
      context.moveTo(-radius * 0.6, -radius * 0.35);
      context.lineTo(-radius * length, 0);
      context.lineTo(-radius * 0.6, radius * 0.35);
      context.fill();
    }
    context.fillStyle = colour(`--seat-${seat}`);
    context.beginPath();
    context.moveTo(radius * 1.25, 0);
    // Told apart by form as well: seat 0 has swept wings, seat 1 a square tail.
    if (seat === 0) {
      context.lineTo(-radius, radius * 0.9);
      context.lineTo(-radius * 0.5, 0);
      context.lineTo(-radius, -radius * 0.9);
    } else {
      context.lineTo(0, radius * 0.7);
      context.lineTo(-radius, radius * 0.7);
      context.lineTo(-radius, -radius * 0.7);
      context.lineTo(0, -radius * 0.7);
    }
    context.closePath();
    context.fill();
    context.restore();
    if (!safe) return;
    context.strokeStyle = colour(`--seat-${seat}`);
    context.setLineDash([4, 4]);
    context.beginPath();
    context.arc(x, y, radius * 1.7, 0, Math.PI * 2);
    context.stroke();
    context.setLineDash([]);
  }

  #drawBullet({ context, size, colour }: Pen, x: number, y: number, seat: number): void {
    const radius = Math.max(2, (350 * size) / ARENA);
    context.fillStyle = colour(`--seat-${seat}`);
    context.beginPath();
    if (seat === 0) context.arc(x, y, radius, 0, Math.PI * 2);
    else context.rect(x - radius, y - radius, radius * 2, radius * 2);
    context.fill();
  }

  #drawBurst({ context, size, now, colour }: Pen, { x, y, at, seat }: Burst): void {
    const age = (now - at) / SPARKS_MS;
    context.fillStyle = colour(`--seat-${seat}`);
    context.globalAlpha = 1 - age;
    for (let i = 0; i < SPARKS; i++) {
      const angle = (i / SPARKS) * Math.PI * 2 + (at % 7);
      const distance = age * (0.03 + 0.02 * (i % 3)) * size;
      const [px, py] = [
        (x / ARENA) * size + Math.cos(angle) * distance,
        (y / ARENA) * size + Math.sin(angle) * distance,
      ];
      context.fillRect(px - 1.5, py - 1.5, 3, 3);
    }
    context.globalAlpha = 1;
  }
}

function between(from: { readonly x: number; readonly y: number }, to: typeof from, share: number): [number, number] {
  const [dx, dy] = [shorter(to.x - from.x), shorter(to.y - from.y)];
  if (Math.hypot(dx, dy) > PLACED_ANEW) return [to.x, to.y];
  return [from.x + dx * share, from.y + dy * share];
}

/** The shorter way around the torus. */
function shorter(distance: number): number {
  return (distance << 16) >> 16;
}

function speedsUp(before: Ship, ship: Ship): boolean {
  return Math.hypot(ship.vx, ship.vy) > Math.hypot(before.vx, before.vy);
}
