// `Tidemark-Debug`: a live request that bears the admin token in it, or a token derived from that, is told about
// itself, in the colo that it came to. The field goes no further, whoever sends it.
import type { Background } from "../platform/platform.ts";
import { debugField, explainField } from "../protocol/debug-fields.ts";
import type { UrlRead } from "../proxy/request/url-reader.ts";
import { bodiless } from "../proxy/respond/respond.ts";
import { explain } from "./explain/explain.ts";
import type { Explanation } from "./explain/explanation.ts";
import type { AdminSettings } from "./admin-settings.ts";

/** A proxy before us may take no more of one field. */
const fieldBytesMax = 6_144;

/**
 * Answers a request that has the field: by `answer`, which never sees the field, and with the
 * explanation if the field holds the token. Such an answer is for nobody else, so it is not to be stored.
 */
export async function answerDebugged(
  request: Request,
  read: UrlRead,
  background: Background,
  { cache, contextFor, gate }: AdminSettings,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<Response> {
  const given = request.headers.get(debugField) ?? "";
  const plain = withoutField(request);
  if (!(await gate.mayDebug(request, given))) return answer(plain);
  const explanation = await explain(plain, read, {
    core: cache,
    context: contextFor(request, background),
  });
  return withExplanation(await answer(plain), explanation);
}

function withoutField(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete(debugField);
  return new Request(request, { headers });
}

/** Fields by which a cache may be told to store it after all. */
const targeted = /^(?:surrogate-control|.*-cache-control)$/;

function withExplanation(response: Response, explanation: Explanation): Response {
  // An upgraded connection cannot be put into another answer.
  if (response.status === 101) return response;
  const headers = new Headers(response.headers);
  const cacheControl = headers.get("cache-control");
  for (const [name] of response.headers) if (targeted.test(name)) headers.delete(name);
  headers.set("cache-control", "private, no-store");
  headers.set(explainField, fieldText({ ...explanation, cacheControl }));
  const { status, statusText } = response;
  const body = bodiless.has(status) ? null : response.body;
  return new Response(body, { status, statusText, headers, encodeBody: "manual" });
}

type Told = Explanation & {
  /** What others get as `Cache-Control`. */
  readonly cacheControl: string | null;
};

/** @returns JSON in ASCII; where it is too long, without what is longest, which `leftOut` names */
function fieldText(explanation: Told): string {
  const whole = asciiJson(explanation);
  if (whole.length <= fieldBytesMax) return whole;
  const { colo, at, route, handling, verdict, cacheStatus, next, cacheControl } = explanation;
  const leftOut = "request and look; the operator's route explain has them";
  return asciiJson({
    colo,
    at,
    route,
    handling,
    verdict,
    cacheStatus,
    next,
    cacheControl,
    leftOut,
  });
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
