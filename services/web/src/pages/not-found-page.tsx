import { text } from "../text/index.ts";
import { Page } from "../ui/index.tsx";

export function NotFoundPage() {
  const { notFound } = text.value;
  return (
    <Page title={notFound.title}>
      <p>
        <a class="button" href="/">
          {notFound.back}
        </a>
      </p>
    </Page>
  );
}
