// A page of one user: its path bypasses the cache, in `cache.ts`.
import { createFileRoute } from "@tanstack/react-router";
import { getAccount } from "../stories";

export const Route = createFileRoute("/account")({
  loader: () => getAccount(),
  component: function Account() {
    return <p>The account of {Route.useLoaderData().user}</p>;
  },
});
