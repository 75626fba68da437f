import { createFileRoute, Link, useRouter } from "@tanstack/react-router";
import { getStory, publish } from "../stories";

export const Route = createFileRoute("/news/$id")({
  loader: ({ params }) => getStory({ data: params.id }),
  component: function Story() {
    const router = useRouter();
    const { id, title } = Route.useLoaderData();
    const save = async () => {
      await publish({ data: id });
      await router.invalidate();
    };
    return (
      <>
        <h1>{title}</h1>
        <button onClick={save}>Publish</button>
        <Link to="/">All stories</Link>
      </>
    );
  },
});
