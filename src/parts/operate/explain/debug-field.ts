// Explains a live request that has the admin token or a derived token in `Tidemark-Debug`.
import { explainField } from "../../../protocol/debug-fields.ts";
import type { Background } from "../../../platform/platform.ts";
import { withFields } from "../../../base/with-fields.ts";
import { explain } from "./explain.ts";
import type { Explanation } from "../../../protocol/explain-answer.ts";
import type { DebuggedRequest, PartHost } from "../../../admin/part-contents.ts";

/**
 * Size limit of `Tidemark-Explain`. Proxies in front of the Worker may reject larger fields.
 */
const fieldBytesMax = 6_144;

/**
 * Answers a request that had the debug field. If the token in the field is valid, the response
 * includes the explanation, and forbids storing.
 *
 * @param answer answers the request without the field
 */
export async function answerDebugged(
  { plain, token, read }: DebuggedRequest,
  { cache, contextFor, auth }: PartHost,
  background: Background,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  if (!(await auth.mayDebug(plain, token))) return answer();
  const context = contextFor(plain, background);
  const explanation = await explain(plain, read, { core: cache, context, renewsView: false });
  return withExplanation(await answer(), explanation);
}

/** Matches response fields that let a cache store the response in spite of Cache-Control. */
const targeted = /^(?:surrogate-control|.*-cache-control)$/;

function withExplanation(response: Response, explanation: Explanation): Response {
  // A WebSocket response cannot be copied.
  if (response.status === 101) return response;
  const headers = new Headers(response.headers);
  const cacheControl = headers.get("cache-control");
  for (const [name] of response.headers) if (targeted.test(name)) headers.delete(name);
  headers.set("cache-control", "private, no-store");
  headers.set(explainField, fieldText({ ...explanation, cacheControl }));
  return withFields(response, headers);
}

type DebugText = Explanation & {
  /** The original `Cache-Control`, which other clients get. */
  readonly cacheControl: string | null;
};

/**
 * Returns ASCII JSON. If it is too long, omits the longest members, and names them in `leftOut`.
 */
function fieldText(explanation: DebugText): string {
  const whole = asciiJson(explanation);
  if (whole.length <= fieldBytesMax) return whole;
  const { request: _, look: __, ...kept } = explanation;
  return asciiJson({ ...kept, leftOut: ["request", "look"] });
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
