import { expect, it } from "vitest";
import { collectedCounter, collectedGauge, createMetrics } from "./metrics.ts";

it("what is collected is as it is when it is asked for, of its own type", async () => {
  const metrics = createMetrics("test");
  let [count, level] = [3, 9];
  collectedCounter(metrics, "things_total", "Things", () => count);
  collectedGauge(metrics, "level", "Level", () => level);
  const told = async (name: string): Promise<string> => metrics.getSingleMetricAsString(name);
  expect(await told("things_total")).toContain('# TYPE things_total counter\nthings_total{service="test"} 3');
  [count, level] = [5, 4];
  expect(await told("things_total")).toContain('things_total{service="test"} 5');
  expect(await told("level")).toContain('# TYPE level gauge\nlevel{service="test"} 4');
});
