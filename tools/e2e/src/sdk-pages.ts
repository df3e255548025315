// The pages of the published packages: a program in a ```ts block, and in the ```text block after it what it prints.
import { readFileSync } from "node:fs";

export interface SdkPage {
  readonly program: string;
  /** Lines, with … for anything. */
  readonly prints: readonly string[];
}

/** Where the programs expect a server. */
const SERVER = "http://localhost:8080";

/** @throws Error when the page has not one program and its output, or the program asks another server */
export function readSdkPage(file: string, url: string): SdkPage {
  const blocks = [...readFileSync(file, "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
    ([, language = "", text = ""]) => ({ language, text }),
  );
  const [program, output, ...more] = blocks.filter(({ language }) => language === "ts" || language === "text");
  if (program?.language !== "ts" || output?.language !== "text" || more.length > 0)
    throw new Error(`${file}: a program in a \`\`\`ts block, then what it prints in a \`\`\`text block, and no other`);
  return { program: program.text.replaceAll(SERVER, url), prints: output.text.trim().split("\n") };
}
