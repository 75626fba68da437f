// Next.js stores the result of `fetch` in the cache handler.
import { connection } from "next/server";

export const fetchCache = "default-cache";

export default async function Page() {
  await connection();
  const answer = await fetch(`${process.env.API_URL}/stories/fetched`, {
    next: { tags: ["titles"] },
  });
  return <output>{(await answer.json()).title}</output>;
}
