// Exports of `tidemark/dashboard`: answers the page, its style and script, and its parts.
// See docs/monitoring.md#the-dashboard.
import type { Hono } from "hono";
import { sha256Short } from "../../base/sha256.ts";
import { addedToHistory } from "./history/history.ts";
import { script } from "./page/script.ts";
import { Shell } from "./page/shell.tsx";
import { style } from "./page/style.ts";
import { type Markup, partOf } from "./parts.tsx";
import type { DashboardPorts } from "./port/ports.ts";
import { bodyUpTo } from "../../admin/access/request-body.ts";
import type { PartContents, PartHost } from "../../admin/part-contents.ts";
import type { SitePart } from "../../part/port/part.ts";

/**
 * Creates the dashboard, a page at `/_cache/` that needs a token of `tidemark dashboard`, and changes nothing.
 *
 * @example
 * export default defineConfig({ parts: [operate(), dashboard()], routes: […] });
 */
export function dashboard(): SitePart {
  const contents: PartContents = {
    fills: { reportHistory: { added: addedToHistory } },
    open: (host) => ({ addTo: (admin) => addRoutes(admin, portsOf(host)) }),
  };
  return { kind: "site", name: "dashboard", needs: ["operate"], contents };
}

function portsOf({ site, cache, auth, data }: PartHost): DashboardPorts {
  const { operatorPath, purge } = site.config;
  return {
    ...site,
    ...cache,
    // The counts of this isolate are in the totals at once, which matters most on the first look.
    readTotals: () => cache.reports.readTotals({ reportsFirst: true }),
    ...purge,
    operatorPath,
    isHere: (request) => auth.hasDashboard(request),
    refusalOf: (request) => auth.refusalOf(request, "read"),
    readBody: bodyUpTo,
    sets: () => data?.troubles().sets,
  };
}

/** The limit of a form. */
const formBytesMax = 65_536;

function addRoutes(admin: Hono, ports: DashboardPorts): void {
  const { operatorPath, isHere, refusalOf, readBody } = ports;
  const files = filesOf();
  admin.get("*", async ({ req, redirect }, next) => {
    const { pathname } = new URL(req.url);
    if (!isHere(req.raw)) return next();
    if (pathname === operatorPath) return redirect(`${operatorPath}/`);
    return pathname === `${operatorPath}/` ? files.get("")?.() : next();
  });
  admin.all("/dashboard/:name", async ({ req, env, executionCtx }, next) => {
    const { raw } = req;
    if (!isHere(raw)) return next();
    const name = req.param("name");
    const file = req.method === "GET" ? files.get(name)?.() : undefined;
    const known = file ?? (await refusalOf(raw));
    if (known !== undefined) return known;
    const authorization = raw.headers.get("authorization") ?? "";
    // The routes judge the operator's own token again.
    const ask = async (path: string) => {
      const init = { cf: raw.cf, headers: { authorization } };
      return admin.fetch(new Request(new URL(path, req.url), init), env, executionCtx);
    };
    const form = async () => {
      const bounds = { bytesMax: formBytesMax, hintOfLarge: "Write less into the form." };
      const bytes = await readBody(raw, bounds);
      return "why" in bytes ? bytes : new URLSearchParams(new TextDecoder().decode(bytes));
    };
    const part = await partOf(raw.method, name, { ...ports, ask, form });
    return part === undefined ? next() : pageAnswer(part, partFields);
  });
}

/** Returns the files by name. The names of style and script change with their text. */
function filesOf(): ReadonlyMap<string, () => Response | Promise<Response>> {
  const styleName = `style-${sha256Short(style)}.css`;
  const scriptName = `script-${sha256Short(script)}.js`;
  const fixed = (text: string, type: string) => () =>
    new Response(text, {
      headers: {
        "content-type": `${type}; charset=utf-8`,
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
      },
    });
  return new Map<string, () => Response | Promise<Response>>([
    ["", () => pageAnswer(Shell({ styleName, scriptName }), shellFields)],
    [styleName, fixed(style, "text/css")],
    [scriptName, fixed(script, "text/javascript")],
  ]);
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const commonFields = {
  "content-type": "text/html; charset=utf-8",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};
const shellFields = {
  ...commonFields,
  "cache-control": "no-cache",
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
};
const partFields = {
  ...commonFields,
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
  // The script shows only answers with this field, and no login page of a proxy.
  "tidemark-part": "1",
};

async function pageAnswer(content: Markup, headers: Record<string, string>): Promise<Response> {
  return new Response((await content).toString(), { headers });
}
