// How many messages are unread.
import { text } from "../text/index.ts";

const SHOWN_MAX = 99;

export function Unread({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return (
    <span class="tag" data-unread={count}>
      <span aria-hidden="true">{count > SHOWN_MAX ? `${SHOWN_MAX}+` : count}</span>
      <span class="visually-hidden">{text.value.chat.unread(count)}</span>
    </span>
  );
}
