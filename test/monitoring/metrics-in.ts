// Which metrics of Tidemark a text of queries asks for.

/** @returns names of families, each once; of a histogram without `_bucket`, `_sum` and `_count` */
export function metricsIn(queries: string): string[] {
  const names = queries.match(/\btidemark_\w+/g) ?? [];
  return [
    ...new Set(names.map((name) => name.replace(/_seconds_(?:bucket|sum|count)$/, "_seconds"))),
  ];
}
