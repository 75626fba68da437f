// Answers with an item, which Next.js caches by its `fetch`: { id, version, load }, as the origin answered it.

export async function GET(_request, { params }) {
  const { id } = await params;
  const next = { tags: [id], revalidate: 3_600 };
  const response = await fetch(`${process.env.ORIGIN_URL}/${id}?reader=route`, { next });
  return Response.json(await response.json());
}
