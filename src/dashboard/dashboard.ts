// Exports of `tidemark/dashboard`: answers the page, its style and script, and its parts.
import type { Child } from "hono/jsx";
import { sha256Short } from "../base/sha256.ts";
import { addedToHistory } from "./history/history.ts";
import { script } from "./page/script.ts";
import { Shell } from "./page/shell.tsx";
import { style } from "./page/style.ts";
import { partOf } from "./parts.tsx";
import type { DashboardPart } from "./port/dashboard-part.ts";

export type { DashboardPart } from "./port/dashboard-part.ts";

/**
 * Creates the dashboard, a page at `/_cache/` that needs the admin token.
 *
 * @example
 * export default defineConfig({ dashboard: dashboard(), routes: […] });
 */
export function dashboard(): DashboardPart {
  return {
    isDashboard: true,
    history: { added: addedToHistory },
    open(ports) {
      const files = filesOf();
      return {
        file: (name) => files.get(name)?.(),
        async part(request, name, asked) {
          const part = await partOf(request.method, name, { ...ports, ...asked });
          return part === undefined ? undefined : pageAnswer(part, partFields);
        },
      };
    },
  };
}

/** Returns the files by name. The names of style and script change with their text. */
function filesOf(): ReadonlyMap<string, () => Response> {
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
  return new Map([
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

function pageAnswer(content: Child, headers: Record<string, string>): Response {
  return new Response(String(content), { headers });
}
