// UTS #39, section 4: the skeleton of a text is equal for texts that look alike.
import { CONFUSABLES } from "./confusables-data.ts";

const PROTOTYPES = readPrototypes(CONFUSABLES);
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/** NFD, without what shows nothing, each character by its prototype, NFD again. */
export function skeletonOf(text: string): string {
  let skeleton = "";
  for (const character of text.normalize("NFD").replaceAll(IGNORABLE, ""))
    skeleton += PROTOTYPES.get(character) ?? character;
  return skeleton.normalize("NFD");
}

function readPrototypes(table: string): ReadonlyMap<string, string> {
  const prototypes = new Map<string, string>();
  let at = 0;
  for (const [, distance = "", looks = ""] of table.matchAll(/(\w+):([\w.]*)/g)) {
    at += Number.parseInt(distance, 36);
    const points = looks === "" ? [] : looks.split(".").map((point) => Number.parseInt(point, 36));
    prototypes.set(String.fromCodePoint(at), String.fromCodePoint(...points));
  }
  return prototypes;
}
