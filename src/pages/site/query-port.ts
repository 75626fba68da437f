// The port of QUERY (RFC 10008), which a Worker has only if it imports `tidemark/query`.
import type { Route } from "../../config/config.ts";
import type { QueryContent } from "../request/plan.ts";

/** The content of a request, and a function that frees its bytes. */
export interface HeldContent {
  /** `undefined` if the content did not arrive as announced, or in time. */
  readonly content: QueryContent | undefined;
  readonly release: () => void;
}

export interface QueryPort {
  /**
   * Reads the content, which is a part of the key. Never rejects.
   *
   * @returns `undefined`, without a read, if the request has no type, no length or too long a
   *   content, or if too many contents are arriving
   */
  contentOf(request: Request, route: Pick<Route, "queryMethod">): Promise<HeldContent> | undefined;
}
