// A page with a tagged `fetch`: incremental static regeneration.
import { fetched } from "../../../items.js";

export const generateStaticParams = () => [{ id: "build" }];

export default async function Page({ params }) {
  const { id } = await params;
  return <pre>{JSON.stringify(await fetched(id, "isr"))}</pre>;
}
