import { Form, Link } from "react-router";
import { purge, shared } from "../cache.server";
import { raiseVersion, storyOf } from "../stories.server";
import type { Route } from "./+types/story";

export async function loader({ context, params: { id } }: Route.LoaderArgs) {
  const story = storyOf(id);
  shared(context, `story:${id}`);
  // A slow query: a purge may arrive meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 150));
  return story;
}

export async function action({ params: { id } }: Route.ActionArgs) {
  raiseVersion(id);
  await purge("news", `story:${id}`);
  return { published: true };
}

export default function Story({ loaderData }: Route.ComponentProps) {
  return (
    <>
      <h1>{loaderData.title}</h1>
      <Form method="post">
        <button>Publish</button>
      </Form>
      <Link to="/">All stories</Link>
    </>
  );
}
