// What services tell each other: what waits in their outboxes, and how far consumers are behind.
import { Empty, Failure, Loading, Page } from "../ui/index.tsx";
import { ask, type Schemas } from "./api.ts";
import { LettersPage } from "./letters-page.tsx";
import { useLive } from "./live.ts";
import { Table } from "./parts.tsx";
import { spanText, words } from "./words.ts";

type Service = Schemas["EventDelivery"]["services"][number];
type Consumer = NonNullable<Service["consumer"]>;

/** `id`: a consumer. */
export function EventsPage({ id }: { readonly id: string | undefined }) {
  if (id === undefined) return <Delivery />;
  return id === "rating-service" || id === "replay-service" ? <LettersPage consumer={id} /> : <Unknown />;
}

function Unknown() {
  const { events: say, sections } = words.value;
  return (
    <Page title={sections.events}>
      <Empty>{say.noConsumer}</Empty>
      <p>
        <a href="/console/events">{say.back}</a>
      </p>
    </Page>
  );
}

function Delivery() {
  const { events: say, sections } = words.value;
  const live = useLive(() => ask("getEventDelivery", {}), []);
  const services = live.value?.services;
  return (
    <Page title={sections.events} intro={say.intro}>
      {live.error !== undefined && <Failure error={live.error} retry={live.refresh} />}
      {!services && live.error === undefined && <Loading />}
      {services && (
        <>
          <section class="stack-s" aria-labelledby="outboxes">
            <h2 id="outboxes">{say.outboxes}</h2>
            <Table label={say.outboxes} heads={[say.service, say.waiting, say.oldest, say.kafka]}>
              {services.map((one) => (
                <OutboxRow key={one.service} service={one} />
              ))}
            </Table>
          </section>
          {services.map(({ consumer }) => consumer && <ConsumerPart key={consumer.consumer} consumer={consumer} />)}
        </>
      )}
    </Page>
  );
}

function OutboxRow({ service: { service, outbox, kafka, problem } }: { readonly service: Service }) {
  const { events: say, none } = words.value;
  const trouble = problem ?? kafka;
  return (
    <tr data-outbox={service}>
      <td>{service}</td>
      <td>{outbox?.waiting ?? none}</td>
      <td>{outbox?.oldestMs === undefined ? none : spanText(outbox.oldestMs)}</td>
      <td class={trouble === undefined ? "good" : "bad"}>{trouble ?? say.answers}</td>
    </tr>
  );
}

function ConsumerPart({ consumer }: { readonly consumer: Consumer }) {
  const { events: say } = words.value;
  const { consumer: name, topics, ordered, lettersOrdered } = consumer;
  return (
    <section class="stack-s" aria-labelledby={`of-${name}`} data-consumer={name}>
      <h2 id={`of-${name}`}>{say.consumer(name)}</h2>
      <p class="soft">{ordered ? say.inOrder : say.unordered}</p>
      {topics.length === 0 && <Empty>{say.noTopics}</Empty>}
      {topics.length > 0 && (
        <Table label={say.consumer(name)} heads={[say.topic, say.partitions, say.behind, say.most, say.records]}>
          {topics.map((one) => (
            <tr key={one.topic} data-topic={one.topic}>
              <td>{one.topic}</td>
              <td>{one.partitions}</td>
              <td>{one.waiting}</td>
              <td>{one.waitingMost}</td>
              <td>{one.records}</td>
            </tr>
          ))}
        </Table>
      )}
      <p>
        <a href={`/console/events/${name}`}>{say.toLetters(name)}</a>
        {lettersOrdered > 0 && ` ${say.ordered(lettersOrdered)}`}
      </p>
    </section>
  );
}
