// A page of the Pages Router, which Next.js renders once for each story.
const api = process.env.API_URL ?? "http://127.0.0.1:4000";

export const getStaticPaths = () => ({ paths: [], fallback: "blocking" });

export async function getStaticProps({ params }) {
  const { readAt } = await (await fetch(`${api}/stories/${params.id}`)).json();
  return { props: { readAt } };
}

export default function Page({ readAt }) {
  return <output>{readAt}</output>;
}
