// Uses a share of the servers' core, like a slow or shared host: in slices of milliseconds, so that every process on the core
// is affected.
//
//   node src/busy-core.ts PERCENT
const SLICE_MS = 10;

const percent = Number(process.argv[2]);
if (!(percent > 0 && percent < 100)) throw new Error(`${process.argv[2]} is not a percentage between 0 and 100`);
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  const until = performance.now() + (SLICE_MS * percent) / 100;
  while (performance.now() < until);
  Atomics.wait(never, 0, 0, SLICE_MS * (1 - percent / 100));
}
