// Tidemark answers below this path: purges, statistics, explanations. This route lets the requests reach it.
export const ALL = () => new Response(null, { status: 404 });
