import { spawn } from "node:child_process";

/** In the desktop's browser. On a machine without one, or without a desktop, it is said, and everything goes on. */
export function openInBrowser(url: string, say: (text: string) => void): void {
  const opener = spawn(process.platform === "darwin" ? "open" : "xdg-open", [url], { stdio: "ignore", detached: true });
  opener.on("error", () => say(`there is no program to open a browser with: open ${url} yourself`));
  opener.on("exit", (code) => {
    if (code) say(`no browser could be opened: open ${url} yourself`);
  });
  opener.unref();
}
