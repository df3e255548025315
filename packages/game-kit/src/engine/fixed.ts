// On the hot path, inside a game's step: design/realtime/performance.md.
//
// Integer trigonometry: a full turn is 256 steps, and results are scaled by UNIT. The table is written out, because
// Math.sin may differ in the last digit between JavaScript engines.

/** Steps in a full turn. */
export const ANGLES = 256;
/** The number that stands for 1.0: 2^14. */
export const UNIT = 16_384;

/** sin(i / 256 turn) * UNIT, rounded, for the first quarter. */
const QUARTER = [
  0, 402, 804, 1205, 1606, 2006, 2404, 2801, 3196, 3590, 3981, 4370, 4756, 5139, 5520, 5897, 6270, 6639, 7005, 7366,
  7723, 8076, 8423, 8765, 9102, 9434, 9760, 10080, 10394, 10702, 11003, 11297, 11585, 11866, 12140, 12406, 12665, 12916,
  13160, 13395, 13623, 13842, 14053, 14256, 14449, 14635, 14811, 14978, 15137, 15286, 15426, 15557, 15679, 15791, 15893,
  15986, 16069, 16143, 16207, 16261, 16305, 16340, 16364, 16379, 16384,
];

const SINES = Int16Array.from({ length: ANGLES }, (_, i) => {
  const [half, step] = [i >> 7, i & 127];
  const value = QUARTER[step <= 64 ? step : 128 - step] as number;
  return half === 0 ? value : -value;
});

/** Sine of an angle (any integer, taken modulo a full turn), times UNIT. */
export function sin(angle: number): number {
  return SINES[angle & 255] as number;
}

/** Cosine of an angle, times UNIT. */
export function cos(angle: number): number {
  return SINES[(angle + 64) & 255] as number;
}

/** Largest integer whose square is at most n, for 0 ≤ n < 2^52: Newton on integers. */
export function isqrt(n: number): number {
  if (n < 2) return n;
  let x = n;
  for (let next = Math.floor((x + 1) / 2); next < x; next = Math.floor((x + Math.floor(n / x)) / 2)) x = next;
  return x;
}

/** The angle of the vector (dx, dy), 0 to 255, by the largest projection; within half a step for vectors up to 2^15. */
export function angleOf(dx: number, dy: number): number {
  let best = 0;
  let bestDot = -Infinity;
  for (let step = 64, centre = 0; step >= 1; step >>= 1) {
    const from = step === 64 ? 0 : centre - step;
    const to = step === 64 ? 192 : centre + step;
    for (let angle = from; angle <= to; angle += step) {
      const dot = cos(angle) * dx + sin(angle) * dy;
      if (dot <= bestDot) continue;
      bestDot = dot;
      best = angle & 255;
    }
    centre = best;
  }
  return best;
}
