// A page that is rendered for each request, with a cached function.
import { cacheLife, cacheTag } from "next/cache";

export const dynamic = "force-dynamic";

async function readAuthor(id) {
  "use cache";
  cacheLife({ revalidate: 600, expire: 86_400 });
  cacheTag(`author:${id}`);
  return (await fetch(`${process.env.SOURCE_URL}/authors/${id}`)).text();
}

export default async function Author({ params }) {
  const { id } = await params;
  return <p>{await readAuthor(id)}</p>;
}
