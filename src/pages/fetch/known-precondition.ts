// Translates `If-Match` for the origin, if a client got the entity tag of the body in place of the origin's own.
import { Decision } from "../../observe/decision.ts";
import { discardBody } from "../../cache/record/record.ts";
import { ownUrl } from "../../routing/target.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { entityTag } from "../../rules/validators.ts";
import { type PassedRequest, plan } from "../request/plan.ts";
import { PageLookup } from "../reuse/page-lookup.ts";
import type { Context } from "../site/exchange.ts";
import { contentTagFor } from "../stored/content-tag.ts";

/** Matches the digest that `contentTagOf` writes. */
const hasContentTag = /"[\w-]{43}"/;

/** Returns whether a precondition may have the entity tag of a body, which the origin does not know. */
export const mayBeTranslated = (ifMatch: string | null): ifMatch is string =>
  ifMatch !== null && hasContentTag.test(ifMatch);

/**
 * Returns a precondition with the origin's ETag in place of the tag of the stored body. Changes nothing if no such
 * response is stored, or if a purge covers it: the origin could have other content with the same ETag.
 *
 * @param ifMatch the value of `If-Match`
 */
export async function translated(
  ifMatch: string,
  { request: client, target }: PassedRequest,
  context: Context,
): Promise<string> {
  const { headers: fields, cf } = client;
  const headers = new Headers(fields);
  for (const name of ["if-match", "if-unmodified-since", "authorization"]) headers.delete(name);
  const url = ownUrl(target);
  const get = new Request(url, { headers, cf });
  const read = context.site.readUrl(get, get);
  const planned = plan(get, read, context);
  if (planned.kind !== "lookup") return ifMatch;
  // No body is needed.
  const request = { ...planned.request, method: "HEAD" } as const;
  const decision = new Decision({ route: request.route.name });
  const found = await new PageLookup({ request }, { ...context, decision }).lookUp();
  if (found === undefined) return ifMatch;
  const { metadata } = found.candidate.stored;
  discardBody(found.candidate.stored);
  const tag = contentTagFor(metadata, request.route);
  const own = entityTag(fieldsOf(metadata));
  const isKnown = found.verdict.judged?.kind === "usable" && tag !== undefined && tag !== "";
  return isKnown && own !== null ? ifMatch.replaceAll(tag, () => own) : ifMatch;
}
