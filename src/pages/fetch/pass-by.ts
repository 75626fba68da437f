// Forwards requests that bypass the cache: no stored response answers them, and their responses are
// not stored.
import type { Context } from "../site/exchange.ts";
import { requestDirectives } from "../../rules/cache-control.ts";
import { commandsCache, isCommand, isSafe, isTrace } from "../../rules/methods.ts";
import { Decision, settle } from "../../observe/decision.ts";
import { addressOf } from "../request/forwarded-fields.ts";
import type { PassedRequest } from "../request/plan.ts";
import {
  isForShared,
  isPrivate,
  keepPrivate,
  letBrowsersValidate,
  makePrivate,
} from "../respond/downstream.ts";
import { refused } from "../respond/plain-page.ts";
import { bytesPassedOn, passOn } from "../respond/respond.ts";
import { invalidateBy } from "./invalidate-after-unsafe.ts";
import { forwardPassed } from "./forward.ts";

/** Returns the page that answers a request that may not be forwarded. */
export function refusalOfPass(
  { request, route }: PassedRequest,
  { site }: Context,
): "trace" | "cache-command" | "only-if-cached" | "loop" | undefined {
  if (isTrace(request)) return "trace";
  if (methodsOf(request).some((method) => isForbidden(method, route))) return "cache-command";
  const { headers } = request;
  // RFC 9111 §5.2.1.7: no stored response may answer a bypassed request, so the answer is 504.
  if (requestDirectives(headers).onlyIfCached) return "only-if-cached";
  return site.loops.isOne(headers.get("via")) ? "loop" : undefined;
}

/** The fields by which frameworks replace the method of a POST. */
const overrides = ["x-http-method-override", "x-http-method", "x-method-override"];

/** Matches the parameter of the query by which they do, also in the spellings that PHP reads as it. */
const overrideParameter = /^\s*[_.[]method(?![^\0[])/;

function methodsOf({ method, headers, url }: Request): readonly string[] {
  const inFields = overrides.map((name) => headers.get(name) ?? "");
  const parameters = method === "POST" ? [...new URL(url).searchParams] : [];
  const inQuery = parameters.filter(([name]) => overrideParameter.test(name));
  const commands = inQuery.map(([, value]) => value).filter(isCommand);
  const replaced = [...inFields, ...commands];
  return [method, ...replaced.map((text) => text.trim().toUpperCase())];
}

/**
 * Returns whether the method commands a cache, and the route does not name it. A cache at the origin may
 * obey each request from Tidemark's address.
 */
function isForbidden(method: string, { methods }: PassedRequest["route"]): boolean {
  return commandsCache({ method }) && methods?.includes(method) !== true;
}

/** Records in the decision why a request bypasses the cache. */
export function notePass({ reason, rule }: PassedRequest, decision: Decision): void {
  decision.forwards(reason);
  decision.detail = rule;
}

/**
 * Forwards a request and its response without storing or collapsing.
 *
 * @param arrivedAtMs the request's arrival, in epoch milliseconds
 */
export async function passBy(
  passed: PassedRequest,
  { arrivedAtMs }: { arrivedAtMs: number },
  context: Context,
): Promise<Response> {
  const { route, request, rule } = passed;
  const decision = new Decision({ route: route.name, arrivedAtMs });
  const exchange = { ...context, decision };
  const refusal = refusalOfPass(passed, exchange);
  if (refusal === "loop") exchange.site.loops.notice(route.origin);
  if (refusal !== undefined) return refused(refusal, exchange);
  if (exchange.site.clientLimit !== undefined) {
    decision.hasWaited = true;
    if (
      await exchange.site.clientLimit.isReached(addressOf({ ...passed, client: request.headers }))
    ) {
      return refused("limited", exchange);
    }
  }
  notePass(passed, decision);
  const forwarding = forwardPassed(passed, exchange).then((answer) => {
    if (answer.kind === "answered") invalidateBy(answer.response, passed, exchange);
    return answer;
  });
  // Keep the origin request alive, so that the invalidation runs even if the client disconnects before
  // the response.
  if (!isSafe(request)) {
    exchange.afterAnswer(async () => void (await forwarding.catch(() => undefined)));
  }
  const answer = await forwarding;
  if (answer.kind === "failed") {
    decision.noteNoAnswer();
    return refused(answer.trouble, exchange);
  }
  const { response } = answer;
  const { status } = response;
  decision.heard({ ...answer, status });
  const { method } = request;
  decision.outcome = "passed";
  decision.tier = "origin";
  decision.answerBytes = bytesPassedOn(response, request.method);
  const sent = passOn(response, { route, exchange }, (fields) => {
    if (rule === "caller") makePrivate(fields);
    else keepPrivate(fields);
    if (isForShared(response.headers)) letBrowsersValidate(fields, response, exchange.site.config);
  });
  settle(exchange);
  const isMadePrivate = isPrivate(sent.headers) && !isPrivate(response.headers);
  const atMs = answer.respondedAtMs;
  exchange.site.answers?.passed(passed.url, { atMs, method, rule, status, isMadePrivate });
  return sent;
}
