// A page of `cacheComponents`: prerendered at the first request, from `'use cache'`.
import { paged } from "../../../items.js";

export const generateStaticParams = () => [{ id: "build" }];

export default async function Page({ params }) {
  const { id } = await params;
  return <pre>{JSON.stringify(await paged(id))}</pre>;
}
