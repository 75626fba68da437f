import { cacheLife, cacheTag } from "next/cache";

// The whole page is rendered at the build, and again after a purge of "about".
export default async function About() {
  "use cache";
  cacheLife("days");
  cacheTag("about");
  return <p>rendered at {new Date().toISOString()}</p>;
}
