// Validates an OpenAPI document against the official schema and resolves every reference; a linter alone misses both
// kinds of fault. Usage: validate-openapi.ts FILE
import { Validator } from "@seriousme/openapi-schema-validator";

const [file] = process.argv.slice(2);
if (!file) throw new Error("usage: validate-openapi.ts FILE");
const validator = new Validator();
const result = await validator.validate(file);
if (!result.valid) {
  console.error(JSON.stringify(result.errors, null, 2));
  process.exitCode = 1;
} else {
  validator.resolveRefs(); // throws for a reference to nothing
  console.log(`  ${file} is a valid OpenAPI ${validator.version} document`);
}
