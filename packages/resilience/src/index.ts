export {
  type Backoff,
  backoffMs,
  type BreakerFigures,
  type Criticality,
  type Dependencies,
  type Dependency,
  type Figures,
  isNone,
  type Kind,
  nameOf,
  type None,
  type Queue,
  type RetryBudget,
  tuned,
} from "./row.ts";
export { builtClients, noteBuilt } from "./built.ts";
export { createHttpCaller, type HttpCaller } from "./http.ts";
export { type Method, methodClassOf, type MethodClass, REPEATABLE_WRITES, rowOf } from "./method-class.ts";
export { type Caller, databaseOf, DEPENDENCIES, dependencyRows, type KafkaDependencies, kafkaOf } from "./table.ts";
export { DATABASE, EDGE, KAFKA_CONSUMER, SESSION_DELAYS } from "./figures.ts";
