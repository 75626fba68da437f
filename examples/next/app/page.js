import { connection } from "next/server";
import { Suspense } from "react";
import { stories } from "./stories";

async function List() {
  await connection();
  const all = await stories();
  return all.map(({ id, title }) => (
    <p key={id}>
      <a href={`/stories/${id}`}>{title}</a>
    </p>
  ));
}

export default function Page() {
  return (
    <Suspense>
      <List />
    </Suspense>
  );
}
