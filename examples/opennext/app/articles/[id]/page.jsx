// A page that is rendered at its first request, with a cached fetch.
export const revalidate = 600;
export const generateStaticParams = () => [];

export default async function Article({ params }) {
  const { id } = await params;
  const url = `${process.env.SOURCE_URL}/articles/${id}`;
  const response = await fetch(url, { next: { tags: [`article:${id}`] } });
  return <p>{await response.text()}</p>;
}
