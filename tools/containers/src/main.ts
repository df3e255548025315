// container-test.sh: what tests on one machine can show of the images, compose and the manifests. Exit code 0 when all of it held.
import path from "node:path";
import { parseArgs } from "node:util";
import { paths } from "@muster/local";
import { makeBases } from "./bases.ts";
import { tryCompose } from "./compose-run.ts";
import { Engine } from "./engine.ts";
import { buildImages } from "./images.ts";
import { tryManifests } from "./manifests-run.ts";

const PARTS = ["images", "compose", "manifests"];
const USAGE = `usage: scripts/container-test.sh [${PARTS.join(" ")}]      without a part: all of them; compose and manifests need the images`;

const NOT_SHOWN = `Not shown by this: network policies, disruption budgets, scheduling and limits of CPU (there is no Kubernetes here); virtual addresses of Services
(names lead to the pods' own addresses); images of docker.io (bases are made from Debian's packages, MariaDB is a stand-in of the same version); arm64.`;

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
    return undefined; // an option: there are none
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
