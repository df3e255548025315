import { play } from "./play.js";

declare const process: { argv: readonly string[] };
console.log(JSON.stringify(await play(process.argv[2] ?? "http://localhost:8080")));
