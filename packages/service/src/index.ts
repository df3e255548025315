// For every process. What only one with a database needs is in ./database: the others do not load its driver.
export { type AdminServer, type Check, failedChecks } from "./health.ts";
export { type ConfigFrom, type Configuration, port, serviceConfig, type ServiceConfig } from "./fields.ts";
export { type ProcessOptions, runProcess, runService } from "./run-service.ts";
export {
  type Composition,
  defineService,
  type Overrides,
  type Service,
  type ServiceApp,
  type ServiceContext,
} from "./service.ts";
