// Collects the origins from the configuration, the Worker's bindings and the code.
import type { Config } from "../config/config.ts";
import { originUrlFault, shownUrl } from "../protocol/variables/origin-url.ts";
import { type Fault, isFault, OperatorError } from "../base/operator-error.ts";
import { type Env, textOf } from "../protocol/variables/bindings.ts";
import { hasNeutralContext } from "../base/neutral-context.ts";
import type { Background, Platform } from "./platform.ts";

/**
 * An origin that runs in this isolate. Each forward calls the handler, including refreshes and
 * probes. If the handler throws, Tidemark treats the origin as unreachable. The timeouts of origins
 * apply.
 *
 * The body of a response with Content-Encoding may be encoded or decoded. For a decoded body, the
 * field is removed. A handler can use `fetch` with `encodeResponseBody: "manual"` to return an
 * encoded body.
 *
 * The handler runs in no client's context, except for a request that bypasses the cache.
 */
export interface OriginHandler {
  /**
   * @param caller the runtime's context of the client's request, if this request bypasses the
   *   cache; otherwise `undefined`
   * @param server the server's request on Node, if this request bypasses the cache
   */
  (
    request: Request,
    background: Background,
    caller?: object,
    server?: object,
  ): Response | Promise<Response>;
  /**
   * Whether the handler can run only in the context of the request that caused the call, and always
   * gets `caller`. Then a request with a cookie or a credential never leads to a shared response.
   */
  readonly runsInCaller?: true;
}

/** The target of requests to one origin. */
export type OriginTarget =
  | { kind: "url"; base: string }
  /** Any object with `fetch`, such as a service binding. */
  | { kind: "binding"; fetcher: Pick<Platform, "fetch"> }
  | { kind: "handler"; handle: OriginHandler };

/** Handlers by the names of origins in routes. Routes that name no origin use `default`. */
export type OriginHandlers = Readonly<Record<string, OriginHandler>>;

/**
 * Collects all origins that routes can use.
 *
 * @param handlers take precedence over the configuration and the bindings
 * @param faults receives the faults of named origins, which are then omitted
 * @throws OperatorError if there is no usable default origin, or if a handler has a name that no
 *   route can use
 */
export function originsOf(
  { env, config }: { readonly env: Env; readonly config: Config },
  handlers: OriginHandlers,
  faults: Fault[],
): Map<string, OriginTarget> {
  const origins = new Map<string, OriginTarget>();
  for (const [name, handle] of Object.entries(handlers)) {
    if (name !== "default" && !config.origins.has(name)) {
      throw new OperatorError({
        what: `The handler of the origin ${JSON.stringify(name)} is invalid.`,
        why: "The configuration has no origin of that name, so no route can use it.",
        hint: 'Add it to `origins` of the configuration, or pass the handler as "default".',
      });
    }
    if (!hasNeutralContext && handle.runsInCaller !== true) throw needsNeutralContext(name);
    origins.set(name, { kind: "handler", handle });
  }
  if (!origins.has("default")) origins.set("default", defaultOrigin(env));
  for (const [name, origin] of config.origins) {
    if (origins.has(name)) continue;
    const target: OriginTarget | Fault =
      "url" in origin ? urlTarget(origin.url) : bound(env, origin.binding);
    if (isFault(target)) faults.push(target);
    else origins.set(name, target);
  }
  return origins;
}

function needsNeutralContext(name: string): OperatorError {
  return new OperatorError({
    what: `The handler of the origin ${JSON.stringify(name)} cannot run.`,
    why: "Without node:async_hooks, its answers for all clients could see the context of one client.",
    hint: 'Set compatibility_date to "2026-08-04" or later, or add the flag "nodejs_compat".',
  });
}

function defaultOrigin(env: Env): OriginTarget {
  if (env["ORIGIN"] !== undefined) {
    const target = bound(env, "ORIGIN");
    if (isFault(target)) throw new OperatorError(target);
    return target;
  }
  const url = textOf(env, "ORIGIN_URL");
  if (url === undefined) {
    throw new OperatorError({
      what: "There is no origin.",
      why: "Neither ORIGIN_URL nor a service binding ORIGIN is set.",
      hint: 'Set ORIGIN_URL to the site\'s origin, such as "https://www.example.com".',
    });
  }
  const fault = originUrlFault(url);
  if (fault !== undefined) {
    throw new OperatorError({
      what: "ORIGIN_URL is invalid.",
      why: `${shownUrl(url)} ${fault}.`,
      hint: 'Write only scheme and host, such as "https://www.example.com".',
    });
  }
  return urlTarget(url);
}

function urlTarget(url: string): OriginTarget {
  return { kind: "url", base: new URL(url).origin };
}

function bound(env: Env, name: string): OriginTarget | Fault {
  const binding = env[name];
  if (typeof binding === "object" && binding !== null && "fetch" in binding) {
    return { kind: "binding", fetcher: binding as Pick<Platform, "fetch"> };
  }
  return {
    what: `The service binding ${name} is invalid.`,
    why: "It is not bound to a service, so its origin cannot be reached.",
    hint: "Name it under [[services]] in wrangler.toml.",
  };
}
