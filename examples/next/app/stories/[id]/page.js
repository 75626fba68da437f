import { updateTag } from "next/cache";
import { Suspense } from "react";
import { story, write } from "../../stories";

async function publish(form) {
  "use server";
  const id = form.get("id");
  await write(id, form.get("title"));
  // The editor sees the new title at once, and every process within N.
  updateTag(`story:${id}`);
}

async function Story({ params }) {
  const { id } = await params;
  const { title, readAt } = await story(id);
  return (
    <>
      <h1>{title}</h1>
      <p>read at {readAt}</p>
      <form action={publish}>
        <input type="hidden" name="id" value={id} />
        <input name="title" defaultValue={title} />
        <button>Publish</button>
      </form>
    </>
  );
}

export default function Page({ params }) {
  return (
    <Suspense>
      <Story params={params} />
    </Suspense>
  );
}
