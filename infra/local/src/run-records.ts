// Records which processes were started for this folder, so that the next start can end what an earlier one left running: a
// worker of an nginx whose master was killed holds its port forever. Other processes are never touched: a record names the
// process group, the boot of the machine and the start time, and counts only when its supervisor is gone.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { makeFolders } from "./folders.ts";
import { paths } from "./paths.ts";
import { writeWhole } from "./whole-file.ts";

interface Life {
  readonly pid: number;
  /** Clock ticks from the boot of the machine to the start of the process. */
  readonly start: number;
}

interface RunRecord extends Life {
  readonly name: string;
  readonly boot: string;
  readonly supervisor: Life;
}

interface RunningProcess extends Life {
  readonly group: number;
  readonly session: number;
  readonly zombie: boolean;
}

const folder = path.join(paths.home, "run");
const RECORD = ".json";
const END_WITHIN_MS = 8000;
const KILLED_WITHIN_MS = 2000;

/** Records a child that leads its own process group. @throws Error if the record cannot be written */
export function remember(name: string, pid: number): void {
  const [child, supervisor] = [readProcess(pid), readProcess(process.pid)];
  if (!child || !supervisor) return; // ended already, or a machine without /proc
  makeFolders(folder);
  const record: RunRecord = { name, pid, start: child.start, boot: bootId(), supervisor };
  writeWhole(path.join(folder, `${name}${RECORD}`), JSON.stringify(record));
}

export function forget(name: string): void {
  rmSync(path.join(folder, `${name}${RECORD}`), { force: true });
}

/** Ends what an earlier start left behind. @throws Error when something does not end */
export async function clearLeftovers(say: (text: string) => void): Promise<void> {
  for (const record of readRecords()) {
    if (isAlive(record.supervisor)) continue; // the port tells that it runs
    const left = groupOf(record);
    if (left.length > 0) {
      say(`ending ${record.name} (${left.map(({ pid }) => pid).join(", ")}), which an earlier start left running`);
      await end(record, left);
    }
    forget(record.name);
  }
}

/** The rest of a group whose leader has ended. */
export async function clearGroup(name: string): Promise<void> {
  const record = readRecords().find((one) => one.name === name);
  if (!record) return;
  const left = groupOf(record);
  if (left.length > 0) await end(record, left);
}

async function end(record: RunRecord, left: readonly RunningProcess[]): Promise<void> {
  signal(left, "SIGCONT");
  signal(left, "SIGTERM");
  if (await ended(record, END_WITHIN_MS)) return;
  signal(groupOf(record), "SIGKILL");
  if (!(await ended(record, KILLED_WITHIN_MS)))
    throw new Error(`${record.name} from an earlier start did not stop: ${groupOf(record).map(({ pid }) => pid)}`);
}

async function ended(record: RunRecord, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (groupOf(record).length > 0) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

function signal(processes: readonly RunningProcess[], name: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, name);
    } catch {
      // Just gone.
    }
  }
}

/**
 * Those of the record's group: its leader, or what the leader started and left. Ours leads its session too, which a shell's job
 * never does; and a leader with another start time is an unrelated process whose id was reused, and so is everything in its group.
 */
function groupOf(record: RunRecord): RunningProcess[] {
  if (record.boot !== bootId()) return [];
  const leader = readProcess(record.pid);
  if (leader && leader.start !== record.start) return [];
  return readdirSync("/proc").flatMap((name) => {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (!found || found.zombie || found.group !== record.pid || found.session !== record.pid) return [];
    return found.start >= record.start ? [found] : [];
  });
}

function isAlive({ pid, start }: Life): boolean {
  const found = readProcess(pid);
  return found !== undefined && !found.zombie && found.start === start;
}

function readRecords(): RunRecord[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(RECORD));
  return files.flatMap((file) => {
    try {
      return [JSON.parse(readFileSync(path.join(folder, file), "utf8")) as RunRecord];
    } catch {
      return []; // just removed, or damaged: the other records are still valid
    }
  });
}

/** Undefined when there is none. See proc(5). */
function readProcess(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [group, session, start] = [fields[2], fields[3], fields[19]].map(Number) as [number, number, number];
    return { pid, zombie: fields[0] === "Z", group, session, start };
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
