// `pnpm docs:api [FOLDER]`: writes the API reference alone, without the player's page.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { referenceFiles } from "./build.ts";

const root = path.join(import.meta.dirname, "../../..");
const folder = path.resolve(process.argv[2] ?? path.join(root, "test-output/docs"));
const files = referenceFiles();
for (const [name, content] of files) {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}
process.stdout.write(
  `${files.size} files in ${path.relative(process.cwd(), folder)}; the ingress serves them at /docs\n`,
);
