// An origin whose responses contain the version of the page, and the time when they were generated.
// It generates a response, and sends the response after a delay.
import { setTimeout as delay } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startScriptedOrigin } from "../fakes/scripted-origin.ts";
import type { Draws } from "../draws.ts";
import type { ServedPage } from "./pages.ts";
import type { Recorder } from "./recorder.ts";

export interface VersionedOrigin {
  readonly url: string;
  readonly requestCount: number;
  /** The share of slow answers, which take from 300 ms to `originMsMax`. */
  slowShare: number;
  /** The share of 503 responses, for pages with an allowance. */
  errorShare: number;
  /** Writes a new version, which all responses have that are generated from then on. */
  write(path: string): void;
  stop(): Promise<void>;
}

export async function startVersionedOrigin(given: {
  pages: readonly ServedPage[];
  recorder: Recorder;
  draws: Draws;
  originMsMax: number;
}): Promise<VersionedOrigin> {
  const { pages, recorder, draws, originMsMax } = given;
  const byPath = new Map(pages.map((page) => [page.path, page]));
  const versions = new Map<string, number>();
  const settings = { slowShare: 0, errorShare: 0, requestCount: 0 };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    settings.requestCount += 1;
    const page = byPath.get(request.url ?? "");
    if (page === undefined) return void response.writeHead(404).end();
    const isSlow = draws.isLucky(settings.slowShare);
    const takesMs = isSlow ? draws.between(300, originMsMax) : draws.between(0, 10);
    if (page.allowance !== "none" && draws.isLucky(settings.errorShare)) {
      recorder.originErrors.push({ path: page.path, atMs: recorder.nowMs() });
      return void response.writeHead(503).end();
    }
    const variant = page.variants.length > 1 ? (request.headers["accept-language"] ?? "") : "";
    // The delay follows the generation, so that a purge may be accepted before the answer is sent.
    const version = versions.get(page.path) ?? 1;
    const generatedAtMs = recorder.nowMs();
    const isUnchanged = request.headers["if-none-match"] === etagOf(version);
    await delay(takesMs);
    response.writeHead(isUnchanged ? 304 : 200, {
      "cache-control": page.cacheControl,
      "surrogate-key": page.tagField,
      "x-version": `${version};${variant}`,
      "x-asked-of": request.headers["x-asked-of"] ?? "",
      "x-generated-at": generatedAtMs.toFixed(1),
      ...(page.isValidated ? { etag: etagOf(version) } : {}),
      ...(page.variants.length > 1 ? { vary: "accept-language" } : {}),
    });
    response.end(isUnchanged ? undefined : bodyOf(page.path, `${version};${variant}`));
  };
  const server = await startScriptedOrigin((request, response) => void answer(request, response));
  return Object.assign(settings, {
    url: server.url,
    write: (path: string) => {
      const version = (versions.get(path) ?? 1) + 1;
      versions.set(path, version);
      recorder.writes.push({ path, version, atMs: recorder.nowMs() });
    },
    stop: () => server.stop(),
  });
}

const etagOf = (version: number): string => `"v${version}"`;

/** @param said the version and the variant, as in the field `x-version` */
export const bodyOf = (path: string, said: string): string => `${path} ${said}`;
