// The routes that `tidemark init` drafts for a small origin.
import { compileFunction } from "node:vm";
import * as library from "../../../../src/config/config.ts";
import { type Handle, initialised } from "./reached-origin.ts";

const origin = "https://small.test";
export type Page = (request: Request) => string | Response;

export type Pages = Readonly<Record<string, string | Page>>;

/**
 * Returns an origin whose front page links to all `pages`. A string is the body of an HTML page.
 */
export function originOf(pages: Pages): Handle {
  const links = Object.keys(pages).map((path) => `<a href="${path}">x</a>`);
  const all: Pages = { "/": links.join(""), ...pages };
  return (request) => {
    const { pathname } = new URL(request.url);
    const page = all[decodeURIComponent(pathname)] ?? new Response("no", { status: 404 });
    const answer = typeof page === "function" ? page(request) : page;
    if (answer instanceof Response) return answer.clone();
    return new Response(answer, { headers: { "content-type": "text/html" } });
  };
}

const ofSite = { kind: "site", name: "operate", contents: {} };
const inSlices = { kind: "route", name: "slices", traits: { holdsBodies: true }, contents: {} };

/** Evaluates a configuration without bundling, because bundling is slow. */
function configIn(text: string): library.Config {
  const body = text.replace(/^import .*$/gm, "").replace(/^export default /m, "return ");
  const imports = { ...library, operate: () => ofSite, slices: () => inSlices };
  const run = compileFunction(body, Object.keys(imports)) as (
    ...given: unknown[]
  ) => library.Config;
  return run(...Object.values(imports));
}

export async function routesOf(handle: Handle) {
  const { told } = await initialised(origin, handle);
  const text = told.files[0]?.text ?? "";
  const config = configIn(text);
  const routes = config.routes.map((route) =>
    Object.assign(route, { patterns: route.match.map((pattern) => pattern.text) }),
  );
  const route = (name: string) => routes.find((one) => one.name === name);
  return { routes, route, told, text };
}

export const html = (body: string, lines: Readonly<Record<string, string>>) =>
  new Response(body, { headers: { "content-type": "text/html", ...lines } });
