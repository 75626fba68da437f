import { Link } from "react-router";
import { shared } from "../cache.server";
import { stories } from "../stories.server";
import type { Route } from "./+types/list";

export function loader({ context }: Route.LoaderArgs) {
  shared(context, "news");
  return stories();
}

export default function List({ loaderData }: Route.ComponentProps) {
  return (
    <ul>
      {loaderData.map(({ id, title }) => (
        <li key={id}>
          <Link to={`/news/${id}`}>{title}</Link>
        </li>
      ))}
    </ul>
  );
}
