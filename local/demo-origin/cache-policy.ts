// Cache lifetimes and purge tags of each kind of response.
import type { Article } from "./newsroom.ts";

export const cacheControl = {
  article: "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
  list: "public, max-age=15, stale-while-revalidate=60",
  // Browsers validate each use; shared caches may answer for half a minute.
  breaking: "max-age=0, s-maxage=30",
  syndication: "public, max-age=300",
  picture: "public, max-age=86400",
  archive: "public, max-age=3600",
  asset: "public, max-age=31536000, immutable",
  missing: "max-age=10",
  personal: "private, no-cache",
  never: "no-store",
} as const;

export const articleTag = (slug: string): string => `article:${slug}`;

export const articleTags = ({ slug, section, authorId }: Article): string[] => [
  articleTag(slug),
  `section:${section}`,
  `author:${authorId}`,
];

/** A list shows titles of its articles, so a purge of any of them covers it. */
export const listTags = (articles: readonly Article[]): string[] => [
  "feed",
  ...articles.map(({ slug }) => articleTag(slug)),
];
