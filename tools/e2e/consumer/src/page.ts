import { play } from "./play.js";

const url = new URLSearchParams(location.search).get("muster") ?? location.origin;
const report = await play(url).catch((err: unknown) => ({ error: String(err) }));
await fetch("/done", { method: "POST", body: JSON.stringify(report) });
