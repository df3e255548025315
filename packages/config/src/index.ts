export {
  type ConfigOf,
  ConfigError,
  configOrExit,
  configTable,
  type Environment,
  type Fields,
  listeningVariables,
  parseConfig,
  redacted,
  unknownVariables,
} from "./config.ts";
export { bool, bytes, int, json, keys, keysOf, oneOf, secret, text, url } from "./fields.ts";
