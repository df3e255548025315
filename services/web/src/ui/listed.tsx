// The states of a list that comes by pages: loading, failed, empty, there, and more of it.
import type { ComponentChildren } from "preact";
import { text } from "../text/index.ts";
import { Empty, Failure, Loading } from "./index.tsx";
import type { Pages } from "./pages-of.ts";

export function Listed<T>({
  pages,
  empty,
  children,
}: {
  readonly pages: Pages<T>;
  readonly empty: ComponentChildren;
  readonly children: (items: readonly T[]) => ComponentChildren;
}) {
  const { items, error, loading, more, reload } = pages;
  return (
    <>
      {items?.length === 0 && <Empty>{empty}</Empty>}
      {items !== undefined && items.length > 0 && children(items)}
      {error !== undefined && <Failure error={error} retry={items === undefined ? reload : (more ?? reload)} />}
      {loading && items === undefined && <Loading />}
      {more && error === undefined && (
        <p>
          <button type="button" class="button" disabled={loading} onClick={more}>
            {loading ? text.value.loading : text.value.matches.more}
          </button>
        </p>
      )}
    </>
  );
}
