// Vitest ends its workers by a signal, and a process that ends so writes no coverage: it is taken when a file's tests are over.
import { takeCoverage } from "node:v8";
import { afterAll } from "vitest";

afterAll(() => takeCoverage());
