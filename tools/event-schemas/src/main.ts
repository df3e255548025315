// node tools/event-schemas/src/main.ts [FOLDER], in the project's root: writes contracts/gen/events, under FOLDER instead of the root.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { generate } from "./generate.ts";
import { parseEventFile } from "./schema.ts";

const SOURCE = "contracts/events";
const [folder = "."] = process.argv.slice(2);
const target = path.join(folder, "contracts/gen/events");

const names = readdirSync(SOURCE).filter((name) => name.endsWith(".json"));
const events = names.toSorted().map((name) => parseEventFile(name, readFileSync(path.join(SOURCE, name), "utf8")));
const files = await generate(events);
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const [name, text] of files) writeFileSync(path.join(target, name), text);
