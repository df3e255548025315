// Vitest stops its workers with a signal, and a process that is stopped so writes no coverage. So the counts are written when
// a test file has finished.
import { takeCoverage } from "node:v8";
import { afterAll } from "vitest";

afterAll(() => takeCoverage());
