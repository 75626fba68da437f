// A fake network of one site and, optionally, its origin. A test scripts their responses.
import type { World } from "../../src/world.ts";
import { bareWorld } from "../fakes/fake-world.ts";
import { proofFor } from "../fakes/proving.ts";

export const site = "https://www.site.test";
export const origin = "https://origin.site.invalid";
export const token = "token-of-an-operator";

export interface Told {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly text?: string;
}

/** Returns a response. `nth` counts the requests for the URL, from 1. */
export type Script = (path: string, atSeconds: number, nth: number, headers: Headers) => Told;

const startAtMs = Date.UTC(2026, 10, 1);
export const dateAt = (seconds: number) => new Date(startAtMs + seconds * 1_000).toUTCString();

/** A network of a site and an origin. Only `sleep` advances its clock. */
export class Network {
  readonly asked: string[] = [];
  #atMs = startAtMs;
  readonly #answers: Readonly<Record<string, Script>>;

  /** The `Tidemark-Explain` field of responses to requests with the token in `Tidemark-Debug`. */
  explanation = "{}";

  constructor(ofSite: Script, ofOrigin?: Script) {
    this.#answers = { [site]: ofSite, ...(ofOrigin && { [origin]: ofOrigin }) };
  }

  readonly world: World = {
    ...bareWorld,
    nowAtMs: () => this.#atMs,
    sleep: async (ms: number) => void (this.#atMs += ms),
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init?.headers);
      const purge = url.pathname === "/_cache/purge";
      this.asked.push(`${init?.method ?? "GET"} ${url.href}`);
      if (url.pathname === "/_cache/proof") return proofFor(url, headers, token, this.#atMs);
      const accepted = { position: "1-0", visibleWithinSeconds: 10, visibleBy: "", targets: {} };
      if (purge) return Response.json(accepted);
      const script = this.#answers[url.origin];
      if (script === undefined)
        throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ENOTFOUND" } });
      const nth = this.asked.filter((one) => one === `GET ${url.href}`).length;
      const told = script(url.pathname, this.seconds, nth, headers);
      const { status = 200, fields = {}, text = "page" } = told;
      const explained = headers.get("tidemark-debug") === token && !("x-no-debug" in fields);
      return new Response(status === 304 ? null : text, {
        status,
        headers: {
          date: dateAt(this.seconds),
          ...fields,
          ...(explained && { "tidemark-explain": this.explanation }),
        },
      });
    },
  };

  get seconds(): number {
    return (this.#atMs - startAtMs) / 1_000;
  }
}

export const hit = (atSeconds: number, more: Readonly<Record<string, string>> = {}) => ({
  fields: {
    date: dateAt(0),
    "cache-control": "max-age=0, must-revalidate",
    "cache-status": `tidemark; hit; ttl=${Math.floor(60 - atSeconds)}; detail=memory`,
    ...more,
  },
});

export const passed = (detail: string, more: Readonly<Record<string, string>> = {}) => ({
  fields: { "cache-status": `tidemark; fwd=uri-miss; fwd-status=200; detail=${detail}`, ...more },
});

export const fromOrigin = (fields: Readonly<Record<string, string>> = {}): Told => ({
  fields: { "cache-control": "max-age=60", ...fields },
});
