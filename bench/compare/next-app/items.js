// Reads of items by `fetch`, which Next.js caches. A read returns { id, version, load }, as the origin answered it.

export async function fetched(id) {
  const next = { tags: [id], revalidate: 3_600 };
  const response = await fetch(`${process.env.ORIGIN_URL}/${id}?reader=route`, { next });
  return response.json();
}
