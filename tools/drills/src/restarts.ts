// Every service that others call is restarted repeatedly under load. No process may crash because of it, and no request may
// be answered with 500 or not at all.
//
//   node src/restarts.ts [--callee matchmaker] [--restarts 10] [--per-s 150]
import { programOptions } from "@muster/testkit/program-options";
import { CALLEES, drillRestarts } from "./restart-load.ts";

const { values } = programOptions({
  options: {
    callee: { type: "string" },
    restarts: { type: "string", default: "10" },
    "per-s": { type: "string", default: "150" },
  },
});
const reports = await drillRestarts({
  callees: values.callee ? [values.callee] : CALLEES,
  restarts: Number(values.restarts),
  perS: Number(values["per-s"]),
  pauseMs: 1000,
  progress: (text) => console.log(text),
});
const bad = reports.filter(({ statuses, deaths }) => statuses[500] || statuses[0] || deaths.length > 0);
process.exitCode = bad.length === 0 ? 0 : 1;
