// Creates the HTTP cache of an isolate over a cache core. Each request gets a context of its own.
import type { TieredCache } from "../compose/create-cache.ts";
import { RequestLog, type SampledRequest } from "../observe/request-line.ts";
import type { Arrival } from "../platform/arrival.ts";
import { coloOf } from "../platform/environment.ts";
import type { Background } from "../platform/platform.ts";
import { inInvocation } from "../remote/invocation.ts";
import type { UrlRead } from "../routing/url-reader.ts";
import { leave, mayChange } from "./respond/leave.ts";
import { serve } from "./serve.ts";
import type { Context } from "./site/exchange.ts";
import type { ResponseDetail } from "./stored/stored-response.ts";
import { createSite, type ProxySettings } from "./create-site.ts";

/**
 * Creates the HTTP cache of a site over a cache core. A route's tiers are ignored if the core does
 * not have them.
 */
export function createProxy(cache: TieredCache<ResponseDetail>, settings: ProxySettings) {
  const site = createSite(cache, settings);
  const { environment, config, platform, onRequest } = settings;
  const { logs } = config;
  const isDescribed = logs.sample > 0 || onRequest !== undefined;
  const requestLog = isDescribed ? new RequestLog({ ...platform, ...logs, onRequest }) : undefined;
  const addressUnlessStated = platform.isServer === true ? null : undefined;
  /** @param request `undefined` for a cron run */
  const contextFor = (
    request: Request | undefined,
    background: Background,
    arrival?: Arrival,
    sampled?: SampledRequest,
  ): Context => ({
    site,
    effects: "all",
    nowAtMs: site.nowAtMs,
    colo: () => coloOf(environment, request),
    afterAnswer: (work) => cache.behind(background)(work),
    caller: background,
    server: arrival?.server,
    address: arrival === undefined ? addressUnlessStated : arrival.address,
    sampled,
  });
  return {
    site,
    contextFor,
    /**
     * Answers from a tier or an origin. Returns a response from memory without a promise.
     *
     * @param read the result of `site.readUrl` for the request
     * @param arrival how the request arrived, on Node
     */
    answer(
      request: Request,
      read: UrlRead,
      background: Background,
      arrival?: Arrival,
    ): Response | Promise<Response> {
      const sampled = requestLog?.drawn(request, read.target.path);
      const context = contextFor(request, background, arrival, sampled);
      const { route } = read;
      const assembly = route.traits.assembles === true ? site.assembly : undefined;
      const answerTo = (client: Request) =>
        assembly === undefined
          ? serve(client, read, context)
          : // Each fragment has a lookup of its own.
            inInvocation(() =>
              assembly.answer(client, read, context, (one, of, part, gathered) =>
                serve(one, of, {
                  ...context,
                  ...gathered,
                  sampled: part === "page" ? sampled : undefined,
                }),
              ),
            );
      const answer = answerTo(request);
      if (sampled === undefined && !mayChange(route)) return answer;
      const ended = (sent: Response) => {
        sampled?.answered(sent);
        return sent;
      };
      const left = (response: Response) => leave(response, route, request, answerTo);
      const sent = answer instanceof Promise ? answer.then(left) : left(answer);
      return sent instanceof Promise ? sent.then(ended) : ended(sent);
    },
  };
}
