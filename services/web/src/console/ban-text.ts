import { dateText } from "../text/index.ts";
import type { Schemas } from "./api.ts";
import { words } from "./words.ts";

export function banText(ban: Schemas["Account"]["ban"]): string {
  const { players: say } = words.value;
  if (!ban) return say.notBanned;
  return ban.until === undefined ? say.forGood(ban.reason) : say.until(dateText(ban.until), ban.reason);
}
