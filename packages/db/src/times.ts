// Times as cursors carry them: "YYYY-MM-DD hh:mm:ss.ffffff", UTC. A Date would lose the microseconds.

/** The calendar has it: the database knows no 31 February, and Date.parse takes it for 3 March. `text` has the form above. */
export function isTimeText(text: string): boolean {
  const iso = text.replace(" ", "T");
  const at = new Date(`${iso}Z`);
  return !Number.isNaN(at.getTime()) && iso.startsWith(at.toISOString().replace(/\.\d+Z$/, ""));
}
