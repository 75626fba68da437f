// Reads the build from an origin's answer, on routes with releases.
import type { Context } from "../site/exchange.ts";
import type { Route } from "../../config/config.ts";
import { isSafe } from "../../rules/methods.ts";
import { withFields } from "../respond/respond.ts";
import { buildIn, markEntityTag } from "../stored/release.ts";

/** An origin's answer. */
interface BuiltAnswer {
  readonly response: Response;
  /** The build that the answer names; `undefined` if the key has the build, and on a route without builds. */
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
  const { id, unreadable } = buildIn(response.headers, route);
  const { header } = route.builds ?? {};
  const release = header === undefined ? undefined : id;
  if (id === undefined || response.status === 101) return { response, release };
  if (unreadable) site.otherBuilds.note(route.name, [""], nowAtMs());
  const headers = new Headers(response.headers);
  if (header !== undefined) headers.delete(header);
  if (isSafe({ method })) markEntityTag(headers, id);
  return { response: withFields(response, headers), release };
}
