export { describeWithMariadb, describeWithServers, freshDatabases, mariadbAdminUrl } from "./databases.ts";
export { type Front, openFront } from "./front.ts";
export { LogLines } from "./log-lines.ts";
export { type TestKeys, testKeys } from "./keys.ts";
export { type HarnessOptions, type Instance, type ServiceHarness, startService } from "./service-harness.ts";
export { until } from "./until.ts";
export { type SchemaShape, schemaViews, type SchemaViews } from "./schema.ts";
export { type CollectedSpan, type OtlpCollector, startOtlpCollector } from "./otlp-collector.ts";
