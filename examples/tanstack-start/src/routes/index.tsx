import { createFileRoute, Link } from "@tanstack/react-router";
import { getStories } from "../stories";

export const Route = createFileRoute("/")({
  loader: () => getStories(),
  component: function List() {
    return (
      <ul>
        {Route.useLoaderData().map(({ id, title }) => (
          <li key={id}>
            <Link to="/news/$id" params={{ id }}>
              {title}
            </Link>
          </li>
        ))}
      </ul>
    );
  },
});
