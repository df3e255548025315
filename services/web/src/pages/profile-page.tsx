// The player's own account: what keeps it, what opens it, and where it is open.
import type { DeviceInfo } from "@muster/client";
import { useSignal } from "@preact/signals";
import { Blocked } from "../chat/blocks.tsx";
import { CredentialsForm } from "../session/credentials-form.tsx";
import { client, player, signOut, upgrade } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { dateText, text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Confirm, Failure, Field, Loading, Page } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";

export function ProfilePage() {
  return (
    <Page title={text.value.profile.title}>
      <SignedIn>
        <Profile />
      </SignedIn>
    </Page>
  );
}

function Profile() {
  const { profile: say, account } = text.value;
  const [asks, done, out] = [useSignal(false), useSignal(""), useAction()];
  const who = player.value;
  if (!who) return null;
  const guest = who.kind === "guest";
  return (
    <>
      <section class="card stack-s text">
        <h2>{who.name}</h2>
        <p>{say.kinds[who.kind]}</p>
        <p>
          <a href={`/players/${who.playerId}`}>{say.publicPage}</a>
        </p>
        <div class="row">
          <button type="button" class="button" disabled={out.busy.value} onClick={() => (asks.value = true)}>
            {account.signOut}
          </button>
        </div>
        {out.error.value !== undefined && <Failure error={out.error.value} />}
      </section>
      <p role="status">{done.value}</p>
      {guest ? (
        <Upgrade onDone={() => (done.value = say.upgraded)} />
      ) : (
        <Password onDone={() => (done.value = say.changed)} />
      )}
      <Devices key={`${who.kind} ${done.value}`} />
      <Blocked />
      {asks.value && (
        <Confirm
          question={guest ? say.outGuestAsk : say.outAsk}
          yes={account.signOut}
          no={say.no}
          onNo={() => (asks.value = false)}
          onYes={() => {
            asks.value = false;
            out.run(signOut);
          }}
        />
      )}
    </>
  );
}

function Upgrade({ onDone }: { readonly onDone: () => void }) {
  const { profile: say, account } = text.value;
  return (
    <CredentialsForm submit={upgrade} label={account.signUp} autocomplete="new-password" hints onDone={onDone}>
      <h2>{say.upgrade}</h2>
      <p>{say.upgradeText}</p>
    </CredentialsForm>
  );
}

function Password({ onDone }: { readonly onDone: () => void }) {
  const { profile: say, account } = text.value;
  const [current, next, act] = [useSignal(""), useSignal(""), useAction()];
  const send = (event: Event): void => {
    event.preventDefault();
    act.run(async () => {
      await client.changePassword({ currentPassword: current.value, newPassword: next.value });
      current.value = next.value = "";
      onDone();
    });
  };
  return (
    <form class="card stack text" onSubmit={send}>
      <h2>{say.password}</h2>
      <p>{say.passwordText}</p>
      <Field
        id="current"
        label={say.current}
        secret
        autocomplete="current-password"
        value={current.value}
        onInput={(value) => (current.value = value)}
      />
      <Field
        id="next"
        label={say.next}
        hint={account.passwordHint}
        secret
        autocomplete="new-password"
        value={next.value}
        onInput={(value) => (next.value = value)}
      />
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <div class="row">
        <button type="submit" class="button primary" disabled={act.busy.value}>
          {act.busy.value ? account.working : say.change}
        </button>
      </div>
    </form>
  );
}

function Devices() {
  const { profile: say } = text.value;
  const devices = useLoaded(() => client.devices(), []);
  const [asks, act] = [useSignal<DeviceInfo | "others" | undefined>(undefined), useAction()];
  const label = (device: DeviceInfo): string => device.label || say.unnamed;
  const end = (which: DeviceInfo | "others"): void => {
    asks.value = undefined;
    act.run(async () => {
      await (which === "others" ? client.revokeOtherDevices() : client.revokeDevice(which.deviceId));
      devices.retry();
    });
  };
  return (
    <section class="stack text" aria-labelledby="devices">
      <h2 id="devices">{say.devices}</h2>
      {devices.error !== undefined && <Failure error={devices.error} retry={devices.retry} />}
      {!devices.value && devices.error === undefined && <Loading />}
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <ul class="stack-s">
        {devices.value?.map((device) => (
          <li key={device.deviceId} class="card row spread" data-device={device.current ? "this" : "other"}>
            <span>
              {label(device)} {device.current && <span class="tag">{say.here}</span>}{" "}
              <span class="soft">{say.used(dateText(device.lastUsedAt))}</span>
            </span>
            {!device.current && (
              <button
                type="button"
                class="button"
                aria-label={say.end(label(device))}
                disabled={act.busy.value}
                onClick={() => (asks.value = device)}
              >
                {say.endYes}
              </button>
            )}
          </li>
        ))}
      </ul>
      {devices.value?.some(({ current }) => !current) && (
        <p>
          <button type="button" class="button danger" disabled={act.busy.value} onClick={() => (asks.value = "others")}>
            {say.endOthers}
          </button>
        </p>
      )}
      {asks.value && (
        <Confirm
          question={asks.value === "others" ? say.endOthersAsk : say.endAsk(label(asks.value))}
          yes={say.endYes}
          no={say.no}
          onNo={() => (asks.value = undefined)}
          onYes={() => asks.value && end(asks.value)}
        />
      )}
    </section>
  );
}
