import { cacheLife, cacheTag, updateTag } from "next/cache";
import { redirect } from "next/navigation";
import { Suspense } from "react";

async function read() {
  const answer = await fetch(`${process.env.API_URL}/stories/9`, { cache: "no-store" });
  return (await answer.json()).readAt;
}

async function renewed() {
  "use cache";
  cacheLife({ stale: 1, revalidate: 2, expire: 600 });
  cacheTag("renewed");
  return read();
}

async function expired() {
  "use cache";
  cacheLife({ stale: 0, revalidate: 0, expire: 0 });
  return read();
}

async function inner() {
  "use cache";
  cacheTag("inner");
  return read();
}

async function one() {
  "use cache";
  return `one ${await inner()}`;
}

async function two() {
  "use cache";
  return `two ${await inner()}`;
}

const values = {
  renewed,
  expired,
  nested: async () => `${await one()}, ${await two()}`,
};

async function updateAndRedirect() {
  "use server";
  updateTag("renewed");
  redirect("/upstream/renewed");
}

async function Value({ params }) {
  const { of } = await params;
  return (
    <form action={updateAndRedirect}>
      <output>{await values[of]()}</output>
    </form>
  );
}

export default function Page({ params }) {
  return (
    <Suspense>
      <Value params={params} />
    </Suspense>
  );
}
