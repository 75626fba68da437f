// The first step of an origin's answer: the parts of the route read its build, and judge it.
import type { Route } from "../../config/config.ts";
import type { NamedBuild, Objections, PhaseAnswer } from "../../part/port/phases.ts";
import { isSafe } from "../../rules/methods.ts";
import { withFields } from "../../base/with-fields.ts";
import type { LookupRequest } from "../request/plan.ts";
import { hasMeaning, markEntityTag } from "../stored/build.ts";

const noObjections: Objections = {};

/**
 * Returns the objections of the route's parts to an answer with all fields of the origin. They are decided as it arrives, and
 * again only if it becomes another answer: a part the whole response, or a 304 the stored one.
 */
export function objectionsTo(
  { status, headers }: PhaseAnswer,
  release: string | undefined,
  { route, target }: Pick<LookupRequest, "route" | "target">,
): Objections {
  const { fails, refuses } = route.phases;
  if ((fails ?? refuses) === undefined) return noObjections;
  return {
    failure: fails?.({ status, headers }, target.path),
    refusal: refuses?.({ status, headers, release }),
  };
}

/** An origin's answer. */
interface BuiltAnswer {
  readonly response: Response;
  /** The build that the answer names; `undefined` if the key has the build, and on a route without builds. */
  readonly release: string | undefined;
  /** As in `StampedAnswer`. */
  readonly judgedFields?: Headers;
}

/**
 * Returns the answer without the field of the build, and with an ETag that names the build. An answer
 * to an unsafe method keeps its ETag, which describes a state and not a page.
 */
export function builtAnswer(
  response: Response,
  { method, route }: { readonly method: string; readonly route: Route },
): BuiltAnswer {
  const { builds } = route;
  if (builds === undefined) return { response, release: undefined };
  const named: NamedBuild | undefined = route.phases.build?.(response);
  const release = builds.id === undefined ? (named?.build ?? "") : undefined;
  if (response.status === 101) return { response, release };
  const headers = new Headers(response.headers);
  if (named !== undefined && !hasMeaning(named.field)) headers.delete(named.field);
  // A fallback origin is not the application whose build this process knows.
  const ownBuild = route.isFallback ? "" : (builds.id ?? "");
  if (isSafe({ method })) markEntityTag(headers, release ?? ownBuild);
  return { response: withFields(response, headers), release, judgedFields: response.headers };
}
