// The page of `pnpm inspect GAME`.
import { render } from "preact";
import { ClientPane } from "./client-pane.tsx";
import { Clock } from "./clock.tsx";
import { Costs } from "./costs.tsx";
import { listenForKeys } from "./keys.ts";
import { Problems } from "./problems.tsx";
import { away, game, listen, refusal, sides, view } from "./state.ts";

function Page() {
  const [shown, seen] = [game.value, view.value];
  if (!shown || !seen)
    return (
      <main>
        <h1>Inspection</h1>
        <p role="status">{away.value ? "The inspection has ended. Start pnpm inspect again." : "Loading …"}</p>
      </main>
    );
  return (
    <main>
      <header class="row spread">
        <h1>{shown.id}</h1>
        <p class="soft" data-rules={seen.rules}>
          build {shown.buildId}, rules loaded {seen.rules === 1 ? "once" : `${seen.rules} times`},{" "}
          {shown.tickRate > 0 ? `${shown.tickRate} ticks a second` : "turns"}
        </p>
      </header>
      <div role="status" class="stack-s">
        {away.value && <p class="notice warning">The inspection has ended, or does not answer.</p>}
        {seen.notice && (
          <p class={seen.notice.kind === "error" ? "notice error" : "notice"} data-notice={seen.notice.kind}>
            {seen.notice.text}
          </p>
        )}
        {refusal.value !== undefined && <p class="notice error">{refusal.value}</p>}
      </div>
      <Problems found={seen.problems} />
      <Clock view={seen} game={shown} />
      <div class="sides">
        {sides.value.map((seat, side) => (
          <ClientPane key={side} side={side} seat={Math.min(seat, shown.seats - 1)} game={shown} view={seen} />
        ))}
      </div>
      <Costs view={seen} game={shown} />
    </main>
  );
}

listen();
listenForKeys();
render(<Page />, document.body);
