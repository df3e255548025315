// For the tests of other packages.
export { connect } from "./connect.ts";
export { Migration } from "./migration.ts";
export { createSchema, generate } from "../v1.5/generate.ts";
export { createLegacyServer } from "../v1.5/server.ts";
