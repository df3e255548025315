import { describe, expect, it } from "vitest";
import { OVERLAYS } from "./check.ts";
import { ingressProblems } from "./ingress.ts";
import { type Manifest, render } from "./render.ts";

describe("the ingress", () => {
  it.each(OVERLAYS)("has memory and ports for the sockets that it is promised to carry, in %s", (overlay) => {
    expect(ingressProblems(render(overlay))).toEqual([]);
  });

  it("is refused when it has not", () => {
    const base = render("base");
    const changed = (change: (spec: any) => void): Manifest[] => {
      const copy = structuredClone(base);
      change((copy.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "ingress") as any).spec);
      return copy;
    };
    const container = (spec: any): any => spec.template.spec.containers[0];
    expect(ingressProblems(changed((spec) => (container(spec).resources.limits.memory = "256Mi")))).toEqual([
      "ingress: 20000 sockets need 1480 Mi, and it may have 256",
    ]);
    expect(ingressProblems(changed((spec) => delete spec.template.spec.securityContext.sysctls))).toEqual([
      "ingress: 20000 sockets that come and go need 40000 ports, and 32768 60999 are fewer",
    ]);
    const more = changed((spec) => container(spec).env.push({ name: "SOCKETS_MAX", value: "40000" }));
    expect(ingressProblems(more)).toHaveLength(2);
  });
});
