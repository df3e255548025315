export {
  type ConfigOf,
  ConfigError,
  configOrExit,
  configTable,
  listeningVariables,
  parseConfig,
  redacted,
  unknownVariables,
} from "./config.ts";
export { bool, bytes, int, json, keys, keysOf, oneOf, secret, text, url } from "./fields.ts";
