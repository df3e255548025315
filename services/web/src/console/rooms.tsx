// Chat rooms by the start of their names: private ones too, which moderators may read.
import { useSignal } from "@preact/signals";
import { dateText } from "../text/index.ts";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { ask } from "./api.ts";
import { SearchForm, Table, Who } from "./parts.tsx";
import { words } from "./words.ts";

export function Rooms() {
  const { chat: say, none } = words.value;
  const query = useSignal("");
  const pages = usePages(
    async (cursor) => {
      const page = await ask("findRooms", { query: { query: query.value || undefined, cursor } });
      return { items: page.rooms, nextCursor: page.nextCursor };
    },
    [query.value],
  );
  return (
    <section class="stack" aria-labelledby="rooms">
      <h2 id="rooms">{say.rooms}</h2>
      <SearchForm label={say.searchRooms} button={say.findRooms} onFind={(wanted) => (query.value = wanted)} />
      <Listed pages={pages} empty={say.noRooms}>
        {(rooms) => (
          <Table label={say.rooms} heads={[say.room, say.access, say.owner, say.members, say.active]}>
            {rooms.map(({ channelId, name, private: isPrivate, ownerId, members, activeAt }) => (
              <tr key={channelId} data-room={channelId}>
                <td>
                  <a href={`/console/chat/${channelId}`}>
                    <bdi>{name}</bdi>
                  </a>
                </td>
                <td>{isPrivate ? say.private : say.public}</td>
                <td>{ownerId === undefined ? none : <Who id={ownerId} />}</td>
                <td>{members}</td>
                <td>{dateText(activeAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </Listed>
    </section>
  );
}
