// A page of one user: its path bypasses the cache, in `cache.server.ts`.
import type { Route } from "./+types/account";

export function loader({ request }: Route.LoaderArgs) {
  const cookies = request.headers.get("Cookie") ?? "";
  return { user: /(?:^|; )user=(\w+)/.exec(cookies)?.[1] ?? "nobody" };
}

export default function Account({ loaderData }: Route.ComponentProps) {
  return <p>The account of {loaderData.user}</p>;
}
