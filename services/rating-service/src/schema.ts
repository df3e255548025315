/** Tables of rating-service. Ids are UUIDs as text, times UTC with microseconds. */
export interface Tables {
  entries: EntriesTable;
}

export interface EntriesTable {
  id: string;
  text: string;
  written_at: Date;
}
