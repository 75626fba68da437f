// Reads the build from an origin's answer, on routes with releases.
import type { Context } from "../site/exchange.ts";
import type { Route } from "../../config/config.ts";
import { isSafe } from "../../rules/methods.ts";
import { withFields } from "../respond/respond.ts";
import { buildIn, markEntityTag } from "../stored/release.ts";

/** An origin's answer, and the build that made it. */
interface BuiltAnswer {
  readonly response: Response;
  readonly release: string | undefined;
}

/**
 * Returns the answer without the field of the build, and with an ETag that names the build. An answer
 * to an unsafe method keeps its ETag, which describes a state and not a page.
 */
export function builtAnswer(
  response: Response,
  { method, route }: { readonly method: string; readonly route: Route },
  { site, nowAtMs }: Context,
): BuiltAnswer {
  const { id: release, unreadable } = buildIn(response.headers, route);
  if (route.builds === undefined || release === undefined || response.status === 101) {
    return { response, release };
  }
  if (unreadable) site.otherBuilds.note(route.name, [""], nowAtMs());
  const headers = new Headers(response.headers);
  if (route.builds.header !== undefined) headers.delete(route.builds.header);
  if (isSafe({ method })) markEntityTag(headers, release);
  return { response: withFields(response, headers), release };
}
