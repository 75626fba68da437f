// The pages of a run. Their `Cache-Control` fields cover all ways to outlive a purge.
import type { Allowance, Order, Page } from "./checker/operations.ts";

export const siteHost = "site.test";

export interface ServedPage extends Page {
  readonly kind: string;
  readonly cacheControl: string;
  readonly isValidated: boolean;
  readonly tagField: string;
}

interface Kind {
  readonly kind: string;
  readonly cacheControl: string;
  readonly allowance?: Allowance;
  readonly isValidated?: true;
  readonly variants?: readonly string[];
}

/** @param briefly a lifetime that ends in a run, and is longer than a round of the quiet phase */
const kindsOf = (briefly: string): readonly Kind[] => [
  { kind: "steady", cacheControl: "max-age=600" },
  { kind: "varied", cacheControl: "max-age=600", variants: ["de", "en"] },
  { kind: "validated", cacheControl: "max-age=600", isValidated: true },
  {
    kind: "revalidating",
    cacheControl: "max-age=600, stale-while-revalidate=600",
    allowance: "while-revalidating",
  },
  {
    kind: "brief",
    cacheControl: `${briefly}, stale-while-revalidate=600`,
    allowance: "while-revalidating",
  },
  { kind: "lenient", cacheControl: `${briefly}, stale-if-error=600`, allowance: "if-error" },
  { kind: "checked", cacheControl: briefly, isValidated: true },
];

export function pagesOf(countPerKind: number, maxLagMs: number): ServedPage[] {
  const kinds = kindsOf(`max-age=${Math.ceil((4 * maxLagMs) / 1_000)}`);
  return kinds.flatMap(({ kind, cacheControl, ...more }) =>
    Array.from({ length: countPerKind }, (_, index) => {
      const path = `/${kind}/${index + 1}`;
      const tags = [`page:${kind}:${index + 1}`, `kind:${kind}`, `shelf:${index % 3}`];
      return {
        kind,
        cacheControl,
        path,
        url: `http://${siteHost}${path}`,
        tags,
        tagField: tags.join(" "),
        variants: more.variants ?? [""],
        allowance: more.allowance ?? "none",
        isValidated: more.isValidated ?? false,
      };
    }),
  );
}

/** Returns one order of each kind that covers a page, from the narrowest to the widest. */
export function ordersCovering(page: ServedPage): readonly Order[] {
  const [own = "", kind = "", shelf = ""] = page.tags;
  return [
    { tags: [own] },
    { urls: [page.url] },
    { tags: [own, "nobody"], urls: [page.url] },
    { tags: [kind] },
    { prefixes: [`/${page.kind}/`] },
    { prefixes: [`http://${siteHost}/${page.kind}/`] },
    { tags: [shelf] },
    { everything: true },
  ];
}
