export { type ConfigOf, ConfigError, configTable, parseConfig, redacted } from "./config.ts";
export { bool, bytes, int, json, keys, keysOf, oneOf, secret, text, url } from "./fields.ts";
