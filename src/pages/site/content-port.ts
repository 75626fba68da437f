// The port of the part that reads the contents of requests for their keys.
import type { Route } from "../../config/config.ts";
import type { KeyedContent } from "../request/plan.ts";

/** The content of a request, and a function that frees its bytes. */
export interface HeldContent {
  /** `undefined` if the content did not arrive as announced, or in time. */
  readonly content: KeyedContent | undefined;
  readonly release: () => void;
}

export interface ContentPort {
  /**
   * Reads the content, which is a part of the key. Never rejects.
   *
   * @returns `undefined`, without a read, if the request has no type, no length or too long a
   *   content, or if too many contents are arriving
   */
  contentOf(request: Request, route: Pick<Route, "use">): Promise<HeldContent> | undefined;
}
