// Builds our images from their Dockerfiles and verifies their contents.
import path from "node:path";
import { paths } from "@muster/local";
import { SERVICES } from "@muster/manifests/services";
import { BASE, trustOptions } from "./bases.ts";
import type { Engine } from "./engine.ts";

const BUILD_WITHIN_MS = 1_500_000;
const IMAGE_BYTES_MAX = 250e6;
/** Needed by tests, builds and nobody who runs it; and a second Node. */
const UNWANTED = ["vitest", "vite", "rolldown", "testcontainers", "typescript", "@biomejs", "npm"];
const VERSION = "2.0.0-dev";

export const IMAGES: readonly string[] = [...Object.keys(SERVICES), "ingress"];

export function imageOf(name: string): string {
  return `docker.io/muster/${name}:${VERSION}`;
}

export async function buildImages(engine: Engine): Promise<void> {
  for (const name of IMAGES) {
    const startedAt = performance.now();
    const file = name === "ingress" ? "ingress.Dockerfile" : "Dockerfile";
    const service = name === "ingress" ? [] : ["--build-arg", `SERVICE=${name}`];
    const which = ["--file", path.join(paths.root, "infra/images", file), "--build-arg", `BASE=${BASE}`, ...service];
    await engine.podman(
      ["build", "--quiet", ...trustOptions(engine), ...which, "--tag", imageOf(name), paths.root],
      BUILD_WITHIN_MS,
    );
    const bytes = Number(await engine.podman(["image", "inspect", "--format", "{{.Size}}", imageOf(name)]));
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`  ${name}: ${(bytes / 1e6).toFixed(0)} MB, ${seconds.toFixed(0)} s`);
    const problems = contentProblems(await filesOf(engine, imageOf(name)), name !== "ingress");
    const user = await engine.podman(["image", "inspect", "--format", "{{.Config.User}}", imageOf(name)]);
    if (!/^[1-9]\d*(:|\s|$)/.test(user)) problems.push(`runs as ${user.trim() || "root"}`);
    if (bytes > IMAGE_BYTES_MAX) problems.push(`has ${bytes} bytes; the maximum is ${IMAGE_BYTES_MAX}`);
    if (problems.length > 0) throw new Error(`the image of ${name} ${problems.join("; ")}`);
  }
}

async function filesOf(engine: Engine, image: string): Promise<string[]> {
  const find = ["/muster", "/usr/local", "/usr/bin"];
  const args = ["run", "--rm", "--network", "none", "--entrypoint", "find", image, ...find, "-not", "-type", "d"];
  // The ingress has no /muster.
  const found = await engine.podman(image.includes("ingress") ? args.filter((arg) => arg !== "/muster") : args);
  return found.split("\n").filter(Boolean);
}

/** Of the paths of an image's files. */
export function contentProblems(files: readonly string[], runsNode: boolean): string[] {
  const problems: string[] = [];
  for (const name of UNWANTED) {
    const found = files.find(
      (file) => file.includes(`/node_modules/${name}/`) || file.includes(`/.pnpm/${name.replace("/", "+")}@`),
    );
    if (found !== undefined) problems.push(`contains ${name}: ${found}`);
  }
  const tests = files.filter(
    (file) => file.startsWith("/muster/") && file.endsWith(".test.ts") && !file.includes("/node_modules/"),
  );
  if (tests.length > 0) problems.push(`contains ${tests.length} test files: ${tests[0]}`);
  const nodes = files.filter((file) => /\/(muster-)?node(js)?$/.test(file) && file.includes("bin/"));
  if (nodes.length !== (runsNode ? 1 : 0)) problems.push(`contains ${nodes.length} copies of Node: ${nodes.join(" ")}`);
  return problems;
}
