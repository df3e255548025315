// For every process. Code for processes with a database is in ./database, so that the others do not load its driver.
export { type AdminServer, type Check, failedChecks } from "./health.ts";
export { type ConfigFrom, type Configuration, loadFields, port, serviceConfig, type ServiceConfig } from "./fields.ts";
export { type ProcessOptions, runProcess, runService } from "./run-service.ts";
export {
  type Composition,
  defineService,
  type Overrides,
  type Service,
  type ServiceApp,
  type ServiceContext,
} from "./service.ts";
