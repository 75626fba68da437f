// The site of the truth bench: its routes, and how the origin answers them. The Worker, the origin
// and the load generator use this table.

export interface Kind {
  /** The name of the route, and the first part of its paths. */
  readonly name: string;
  /** The percentage of requests. */
  readonly share: number;
  readonly pages: number;
  /** The header fields of the origin's responses. */
  readonly fields: Readonly<Record<string, string>>;
  /** The route's options in the configuration, without its name and `match`. */
  readonly route?: Readonly<Record<string, unknown>>;
  readonly status?: number;
  /** An additional delay of the origin. */
  readonly moreMs?: number;
  /** Whether the origin omits `Content-Length`. */
  readonly isChunked?: true;
  /** Whether the origin responds with 503 during two of every eight seconds. */
  readonly isFlaky?: true;
  readonly isPosted?: true;
}

const swr = "max-age=8, stale-while-revalidate=30";

export const kinds: readonly Kind[] = [
  { name: "news", share: 38, pages: 400, fields: { "cache-control": swr } },
  {
    name: "docs",
    share: 20,
    pages: 400,
    fields: { "cache-control": "max-age=60" },
    route: { tiers: ["edge", "shared"] },
  },
  { name: "plain", share: 14, pages: 200, fields: { "cache-control": "max-age=10" } },
  {
    name: "crowd",
    share: 6,
    pages: 3,
    fields: { "cache-control": "max-age=1" },
    route: { collapse: "global" },
    moreMs: 150,
  },
  {
    name: "tongues",
    share: 5,
    pages: 40,
    fields: { "cache-control": "max-age=10", vary: "accept-language" },
  },
  { name: "mine", share: 3, pages: 100, fields: { "cache-control": "private" } },
  { name: "open", share: 3, pages: 100, fields: {}, route: { bypass: true }, isPosted: true },
  {
    name: "gone",
    share: 3,
    pages: 20,
    fields: { "cache-control": "max-age=5" },
    route: { negative: { 404: "5s" } },
    status: 404,
  },
  {
    name: "flaky",
    share: 5,
    pages: 20,
    fields: { "cache-control": "max-age=1, stale-if-error=60" },
    isFlaky: true,
  },
  {
    name: "pieces",
    share: 3,
    pages: 60,
    fields: { "cache-control": "max-age=6" },
    isChunked: true,
  },
];

export const prefixes = { "early-news": { path: "/news/1" }, docs: { path: "/docs/" } };

export const siteHost = "site.test";
export const coloCount = 3;
export const restRttMs = 5;
/** The purge options of the configuration. */
export const lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };
export const tagCount = 50;

/** The argument of `defineConfig`. Early refresh is off, so that runs are alike. */
export const configuration = JSON.stringify({
  purge: lag,
  metrics: { prefixes },
  routes: kinds.map(({ name, route }) => ({
    name,
    match: `/${name}/*`,
    ...(route?.["bypass"] !== true && { earlyRefresh: 0 }),
    ...route,
  })),
});

export const tagOf = (page: number): string => `t${page % tagCount}`;

/** @returns the kind and the number of a page; `undefined` for a path outside the site */
export function kindOf(path: string): { kind: Kind; page: number } | undefined {
  const [, name, page] = /^\/([a-z]+)\/(\d+)/.exec(path) ?? [];
  const kind = kinds.find((each) => each.name === name);
  return kind && { kind, page: Number(page) };
}

/** Returns the length of a page's body, from 1 to 16 KiB. */
export const bodyBytesOf = (page: number): number => 1_024 + ((page * 2_654_435_761) % 15_361);

/** @returns the name of the longest matching prefix; empty if no prefix matches */
export function prefixOf(path: string): string {
  const found = Object.entries(prefixes).filter(([, prefix]) => path.startsWith(prefix.path));
  return found.toSorted(([, a], [, b]) => b.path.length - a.path.length)[0]?.[0] ?? "";
}
