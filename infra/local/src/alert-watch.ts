// Says which alerts of the private Prometheus fire, and whenever that changes.
const EVERY_MS = 5000;
const ANSWER_MS = 3000;

interface Alert {
  readonly state: "inactive" | "pending" | "firing";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary?: string; readonly runbook?: string };
}

interface Rules {
  readonly data: { readonly groups: readonly { readonly rules: readonly { readonly alerts: readonly Alert[] }[] }[] };
}

/** Ends when `stop` aborts. */
export async function watchAlerts(url: string, say: (text: string) => void, stop: AbortSignal): Promise<void> {
  let before: ReadonlyMap<string, string> | undefined;
  while (!stop.aborted) {
    const now = await firing(url).catch(() => undefined); // it is restarted by its supervisor when it ends
    if (now) {
      for (const [id, text] of now) if (!before?.has(id)) say(`alert fires: ${text}`);
      for (const [id] of before ?? []) if (!now.has(id)) say(`alert is over: ${id}`);
      before = now;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, EVERY_MS);
      stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

/** In one line: how many rules there are, and which fire. @throws Error when Prometheus does not answer */
export async function alertsText(url: string): Promise<string> {
  const rules = await rulesAt(url);
  const names = [...(await firing(url)).keys()];
  return `${rules.length} alert rules, ${names.length === 0 ? "none fires" : `firing: ${names.join(", ")}`}`;
}

async function firing(url: string): Promise<Map<string, string>> {
  const alerts = (await rulesAt(url)).flatMap((rule) => rule.alerts).filter(({ state }) => state === "firing");
  return new Map(
    alerts.map(({ labels, annotations }) => [
      idOf(labels),
      `${idOf(labels)}: ${annotations.summary} ${annotations.runbook}`,
    ]),
  );
}

function idOf({ alertname = "", severity: _severity, ...labels }: Alert["labels"]): string {
  const about = ["process", "service", "consumer", "instance"].flatMap((name) => labels[name] ?? []);
  return [alertname, ...about.slice(0, 1)].join(" ");
}

async function rulesAt(url: string): Promise<Rules["data"]["groups"][number]["rules"]> {
  const answer = await fetch(`${url}/api/v1/rules?type=alert`, { signal: AbortSignal.timeout(ANSWER_MS) });
  return ((await answer.json()) as Rules).data.groups.flatMap((group) => group.rules);
}
