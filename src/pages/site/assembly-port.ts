// The port of the part that assembles pages from fragments.
import type { ByteBudget } from "../../cache/byte-budget.ts";
import type { Config } from "../../config/config.ts";
import type { Decision } from "../../observe/decision.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { PurgeView } from "../../purge/view/view-port.ts";
import type { ReadUrl, UrlRead } from "../../routing/url-reader.ts";

/** The part of a `Context`, whose file imports the site, that an assembly needs. */
export interface AssemblyContext {
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly site: {
    readonly config: Config;
    readonly metrics: Metrics;
    readonly fillBudget: ByteBudget;
    readonly endsWithClient: boolean;
    readonly siteHosts: readonly string[];
    readonly readUrl: ReadUrl;
    readonly view: Pick<PurgeView, "renewIfDue">;
  };
}

/**
 * Answers a request for a page or for a fragment from the cache or an origin. Never rejects.
 *
 * @param gathered the members of a `Context` that get the checks and the decisions of parts
 */
export type ServePart = (
  request: Request,
  read: UrlRead,
  part: "page" | "fragment",
  gathered?: { readonly checks: (() => boolean)[]; readonly parts: Decision[] },
) => Response | Promise<Response>;

/** The assembly of pages in one isolate. */
export interface AssemblyPort {
  /** Answers a request on a route that assembles pages. */
  answer(
    request: Request,
    read: UrlRead,
    context: AssemblyContext,
    serve: ServePart,
  ): Response | Promise<Response>;

  /**
   * Returns the URLs of the fragments in a stored template, or their references if these lead
   * to no host of the site.
   */
  fragmentsIn(template: Response, read: UrlRead, siteHosts: readonly string[]): Promise<string[]>;
}
