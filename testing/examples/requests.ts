// Creates routes, requests and stored responses for tests of single steps. Each has default
// members, which a test can change.
import type { Exchange, PagePlace } from "../../src/pages/site/exchange.ts";
import "../fakes/workers-globals.ts";
import { type Config, defineConfig, type Route } from "../../src/config/config.ts";
import type { RouteInput } from "../../src/config/route-options.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import type { StoredMetadata, StoredResponse } from "../../src/pages/stored/stored-response.ts";
import { Loops } from "../../src/routing/loops.ts";
import { type LookupRequest, plan, type Plan } from "../../src/pages/request/plan.ts";
import { compileRoutes } from "../../src/routing/routes.ts";
import { compileUrlReader } from "../../src/routing/url-reader.ts";
import { NameSecret } from "../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

export type RouteChanges = Partial<Omit<RouteInput, "name" | "match">>;

/** The time at which every stored example was requested and received. */
export const storedAtMs = Date.UTC(2030, 0, 1, 12);

export function configWith(changes: RouteChanges = {}): Config {
  const config = { routes: [{ name: "all", match: "*", ...changes }] };
  return defineConfig(config as WrittenConfig);
}

export function routeWith(changes: RouteChanges = {}): Route {
  return configWith(changes).routes[0] ?? configWith().anywhere;
}

const loops = new Loops({ pseudonym: () => "tidemark", nowAtMs: () => 0, log: () => undefined });

export function planOf(
  request: { url?: string; method?: string; headers?: Readonly<Record<string, string>> },
  config: Config = configWith(),
  siteHosts: readonly string[] = [],
): Plan {
  const { url = "https://www.example.com/", ...init } = request;
  const matchRoute = compileRoutes(config);
  const readUrl = compileUrlReader({ config, nameSecret, matchRoute, siteHosts });
  const asked = new Request(url, init);
  const site = { config, loops };
  return plan(asked, readUrl(asked), { site, address: undefined });
}

/** @throws for a request that is not looked up */
export function askedWith(
  request: Parameters<typeof planOf>[0] = {},
  config: Config = configWith(),
): LookupRequest {
  const planned = planOf(request, config);
  if (planned.kind !== "lookup")
    throw new Error(`The plan for the request is ${planned.kind}, not a lookup.`);
  return planned.request;
}

/** Returns metadata of a 200 with five bytes that was requested and received at `storedAtMs`. */
export function metadataWith(
  fields: Readonly<Record<string, string>> = {},
  changes: Partial<StoredMetadata> = {},
): StoredMetadata {
  return {
    url: "https://www.example.com/a",
    route: "",
    status: 200,
    statusText: "OK",
    fields: Object.entries(fields),
    requestedAtMs: storedAtMs,
    respondedAtMs: storedAtMs,
    bodyBytes: 5,
    bodyDigest: "00",
    selecting: [],
    tags: [],
    stamp: "none",
    colo: "HAM",
    fillCostMs: 0,
    ...changes,
  };
}

export function storedWith(
  fields: Readonly<Record<string, string>> = {},
  changes: Partial<StoredMetadata> = {},
): StoredResponse {
  const body = { kind: "blob", blob: new Blob(["hello"]) } as const;
  return { metadata: metadataWith(fields, changes), body };
}

/** Creates an exchange with only these parts. Code that uses another part fails. */
export function exchangeWith(site: object, given: object = {}): Exchange {
  return { ...given, site } as Exchange;
}

/** Creates the place of a request whose lookup found nothing in any tier. */
export function placeOf(request: LookupRequest, exchange: Exchange): PagePlace {
  const nothing = { marker: undefined, inShared: undefined, memoryCount: undefined };
  return { request, exchange, key: request.key, ...nothing, lookedUpAtMs: 0 };
}
