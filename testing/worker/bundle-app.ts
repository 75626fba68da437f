// Bundles a Worker whose origin is a Hono application of a test.
import { bundledText } from "../bundled-text.ts";

const inRedis = `
  import { upstash } from "./src/upstash.ts";
  const stores = upstash();
`;
const inCloudflare = `
  import { durableObjects } from "./src/cloudflare.ts";
  export { TidemarkJournal, TidemarkRecords } from "./src/cloudflare.ts";
  const stores = durableObjects();
`;

interface AppSettings {
  /** The argument of `defineConfig`. */
  readonly config?: string;
  /** A function of the Worker, which returns the default export. */
  readonly around?: string;
  readonly isWithoutRedis?: boolean;
}

/**
 * @param app statements that add handlers to `app`; bindings are in `c.env`
 * @returns one ES module
 */
export function bundleApp(app: string, settings: AppSettings = {}): Promise<string> {
  const { config = "{}", around = "(site) => site", isWithoutRedis = false } = settings;
  const contents = `
    import { Hono } from "hono";
    import { tidemark } from "./src/hono.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { operate } from "./src/parts/operate/operate.ts";
    ${isWithoutRedis ? inCloudflare : inRedis}
    const app = new Hono();
    ${app}
    export default (${around})(tidemark(app, defineConfig({ parts: [operate()], ...${config} }), { stores }));
  `;
  return bundledText(contents);
}

/** Statements for `bundleApp` that forward all requests to the server at `ORIGIN_URL`. */
export const handingOn = `
  app.all("*", (c) => {
    const { pathname, search } = new URL(c.req.url);
    const { method, headers, body } = c.req.raw;
    const init = { method, headers, body, redirect: "manual", encodeResponseBody: "manual" };
    return fetch(c.env.ORIGIN_URL + pathname + search, { ...init, cache: "no-store" });
  });
`;
