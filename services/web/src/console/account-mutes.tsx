// The mutes of an account that have not ended, and the one in all channels, which is made and lifted here.
import { dateText } from "../text/index.ts";
import { Failure, Loading } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { ask, type Schemas } from "./api.ts";
import { muteDurations, secondsOf } from "./mutes.ts";
import type { Order, Orders } from "./orders.tsx";
import { may, outranks } from "./routes.ts";
import { words } from "./words.ts";

type Account = Schemas["Account"];

export function Mutes({ account, orders }: { readonly account: Account; readonly orders: Orders }) {
  const { mutes: say, players } = words.value;
  const { playerId, role } = account;
  const loaded = useLoaded(() => ask("listPlayerMutes", { params: { playerId } }), [account]);
  const mutes = loaded.value?.mutes;
  const isMuted = mutes?.some(({ channelId }) => channelId === undefined) === true;
  const acts = mutes !== undefined && outranks(role);
  return (
    <section class="stack-s" aria-labelledby="mutes" data-mutes={mutes?.length}>
      <h2 id="mutes">{say.title}</h2>
      {loaded.error !== undefined && <Failure error={loaded.error} retry={loaded.retry} />}
      {!mutes && loaded.error === undefined && <Loading />}
      {mutes?.length === 0 && <p class="soft">{say.none}</p>}
      <ul class="stack-s">
        {mutes?.map(({ channelId, until, reason }) => (
          <li key={channelId ?? ""} class="wrap">
            {channelId === undefined ? (
              <strong>{say.everywhere}</strong>
            ) : (
              <a href={`/console/chat/${channelId}`}>{say.inChannel}</a>
            )}{" "}
            {players.until(dateText(until), reason)}
          </li>
        ))}
      </ul>
      <div class="row">
        {acts && may("mutePlayer") && (
          <button type="button" class="button danger" onClick={() => orders.give(muteOf(account, isMuted))}>
            {say.mute}
          </button>
        )}
        {acts && isMuted && may("unmutePlayer") && (
          <button type="button" class="button" onClick={() => orders.give(unmuteOf(account))}>
            {say.unmute}
          </button>
        )}
      </div>
    </section>
  );
}

function muteOf({ playerId, name }: Account, isMuted: boolean): Order {
  const { mutes: say, players } = words.value;
  const options = muteDurations();
  return {
    question: isMuted ? `${say.muteAsk(name)} ${say.replaces}` : say.muteAsk(name),
    yes: say.mute,
    reason: "player",
    choice: { label: players.banFor, options },
    async send(reason, choice) {
      await ask("mutePlayer", { params: { playerId }, body: { seconds: secondsOf(choice), reason } });
      return say.muted(name, options.find(([key]) => key === choice)?.[1] ?? choice);
    },
  };
}

function unmuteOf({ playerId, name }: Account): Order {
  const { mutes: say } = words.value;
  return {
    question: say.unmuteAsk(name),
    yes: say.unmute,
    async send(reason) {
      await ask("unmutePlayer", { params: { playerId }, body: { reason } });
      return say.unmuted(name);
    },
  };
}
