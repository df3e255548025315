// What an operator has done: it is asked first, with what it will do and why it is done; refused in words; and confirmed afterwards.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useAction } from "../ui/action.ts";
import { Failure } from "../ui/index.tsx";
import { words } from "./words.ts";

export interface Order {
  /** What it will do, as a question. */
  readonly question: string;
  readonly yes: string;
  readonly choice?: { readonly label: string; readonly options: readonly (readonly [value: string, label: string])[] };
  /** Who reads the reason; default: the audit log. `none`: it has no reason. */
  readonly reason?: "player" | "none";
  /** @returns what it did, in words */
  readonly send: (reason: string, choice: string) => Promise<string>;
}

export interface Orders {
  readonly give: (order: Order) => void;
  /** The question while there is one, and what the last order did. */
  readonly view: ComponentChildren;
}

const REASON_MAX = 200;

/** `after`: each order that was carried out. */
export function useOrders(after: () => void): Orders {
  const [order, done] = [useSignal<Order | undefined>(undefined), useSignal("")];
  return {
    give: (next) => {
      done.value = "";
      order.value = next;
    },
    view: (
      <>
        <p
          role="status"
          data-done={done.value === "" ? undefined : ""}
          class={done.value === "" ? "visually-hidden" : "notice wrap"}
        >
          {done.value}
        </p>
        {order.value && (
          <Question
            order={order.value}
            onClose={() => (order.value = undefined)}
            onDone={(what) => {
              order.value = undefined;
              done.value = what;
              after();
            }}
          />
        )}
      </>
    ),
  };
}

interface QuestionProps {
  readonly order: Order;
  readonly onClose: () => void;
  readonly onDone: (what: string) => void;
}

function Question({ order, onClose, onDone }: QuestionProps) {
  const { orders: say } = words.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, choice, act] = [useSignal(""), useSignal(order.choice?.options[0]?.[0] ?? ""), useAction()];
  useEffect(() => dialog.current?.showModal(), []);
  const send = (event: Event): void => {
    event.preventDefault();
    act.run(async () => onDone(await order.send(reason.value.trim(), choice.value)));
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="order-question">
      <form class="stack" onSubmit={send}>
        <p id="order-question">{order.question}</p>
        {order.choice && (
          <div class="field">
            <label for="order-choice">{order.choice.label}</label>
            <select id="order-choice" value={choice.value} onChange={(e) => (choice.value = e.currentTarget.value)}>
              {order.choice.options.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </div>
        )}
        {order.reason !== "none" && (
          <div class="field">
            <label for="order-reason">{say.reason}</label>
            <input
              id="order-reason"
              type="text"
              required
              pattern=".*\S.*"
              maxLength={REASON_MAX}
              autocomplete="off"
              aria-describedby="order-reason-hint"
              value={reason.value}
              onInput={(event) => (reason.value = event.currentTarget.value)}
            />
            <p id="order-reason-hint" class="hint">
              {order.reason === "player" ? say.forPlayer : say.forLog}
            </p>
          </div>
        )}
        {act.error.value !== undefined && <Failure error={act.error.value} />}
        <div class="row">
          <button type="submit" class="button danger" disabled={act.busy.value}>
            {act.busy.value ? say.working : order.yes}
          </button>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {say.no}
          </button>
        </div>
      </form>
    </dialog>
  );
}
