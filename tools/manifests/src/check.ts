// All manifests by the API's schemas and by our policies. Exit code 1 when something is wrong.
import { composeProblems, readCompose } from "./compose.ts";
import { ingressProblems } from "./ingress.ts";
import { policyProblems } from "./policies.ts";
import { healthProblems, readinessProblems } from "./readiness.ts";
import { render } from "./render.ts";
import { schemaProblems } from "./schemas.ts";

export const OVERLAYS = ["base", "overlays/local", "overlays/production"] as const;

if (process.argv[1] === import.meta.filename) {
  const problems = OVERLAYS.flatMap((overlay) => {
    const manifests = render(overlay);
    const found = [
      ...manifests.flatMap(schemaProblems),
      ...policyProblems(manifests),
      ...readinessProblems(manifests),
      ...healthProblems(manifests),
      ...ingressProblems(manifests),
    ];
    console.log(`${overlay}: ${manifests.length} manifests, ${found.length} problems`);
    return found.map((problem) => `${overlay}: ${problem}`);
  });
  problems.push(...composeProblems(readCompose()));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
