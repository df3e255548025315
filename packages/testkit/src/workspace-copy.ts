// Copies the workspace as it is now, including uncommitted changes, for tools that write into the tree that they work on.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";

/** Copies every file that git knows or would add to `copy`, a folder that exists. Dependencies are not installed there. */
export function copyWorkspace(root: string, copy: string): void {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--deduplicate"], { cwd: root });
  const archive = path.join(copy, "all.tar");
  execFileSync("tar", ["--create", "--file", archive, "--ignore-failed-read", "-T", "-"], { cwd: root, input: files });
  execFileSync("tar", ["--extract", "--file", archive], { cwd: copy });
  rmSync(archive); // checks of files in the copy would read it
}
