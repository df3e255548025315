// container-test.sh: tests the images, compose and the manifests as far as one machine can. Exit code 0 if everything passed.
import path from "node:path";
import { parseArgs } from "node:util";
import { paths } from "@muster/local";
import { makeBases } from "./bases.ts";
import { tryCompose } from "./compose-run.ts";
import { Engine } from "./engine.ts";
import { buildImages } from "./images.ts";
import { tryManifests } from "./manifests-run.ts";

const PARTS = ["images", "compose", "manifests"];
const USAGE = `usage: scripts/container-test.sh [${PARTS.join(" ")}]      default: all parts; compose and manifests need the images`;

const NOT_SHOWN = `Not covered: network policies, disruption budgets, scheduling and CPU limits (there is no Kubernetes here); virtual addresses of Services
(names resolve to the pods' own addresses); images from docker.io (base images are built from Debian's packages, and so is a MariaDB of the same version); arm64.`;

const engine = new Engine(path.join(paths.home, "containers"));
const steps: Readonly<Record<string, () => Promise<void>>> = {
  images: async () => {
    await makeBases(engine);
    await buildImages(engine);
  },
  compose: () => tryCompose(engine),
  manifests: () => tryManifests(engine),
};

function chosen(): string[] | undefined {
  try {
    const { positionals } = parseArgs({ allowPositionals: true });
    return positionals.every((part) => PARTS.includes(part)) ? positionals : undefined;
  } catch {
    return undefined; // there are no options
  }
}

const parts = chosen();
if (parts) {
  for (const part of parts.length > 0 ? parts : PARTS) {
    console.log(part);
    await steps[part]?.();
  }
  console.log(`passed\n${NOT_SHOWN}`);
} else {
  console.error(USAGE);
  process.exitCode = 2;
}
